"""A receiver that does not dispatch: it accepts for its plugins, and leaves calling them alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay.dispatching.election import Election
from fulfillment_sdk.store import Store
from tests.postgres import server
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import Inbox, MakeReceiver, signed

BODY = status_changed()
ONE_KEY = "k:" + "A" * 43 + "="
KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """What a receiver has as `data`."""
    if request.param == "sqlite":
        yield str(tmp_path / "data")
        return
    url = server().new_database()
    yield url
    server().drop_database(url)


def accepting(make_receiver: MakeReceiver, inbox: Inbox, data: str) -> Receiver:
    return make_receiver(inbox, data=data, dispatch=False, storage_keys=ONE_KEY)


def test_it_keeps_what_comes_for_its_plugins_and_calls_none(
    make_receiver: MakeReceiver, place: str
) -> None:
    inbox = Inbox()
    receiver = accepting(make_receiver, inbox, place)
    receiver.start()
    reply = receiver.handle("POST", signed(BODY), BODY)
    waits = [(one.destination, one.event_id) for one in receiver.relay.undelivered().result(10)]

    assert reply.status == 202
    assert waits == [("inbox", "evt_1")]
    assert not receiver.relay.is_dispatching

    other = make_receiver(inbox, data=place, storage_keys=ONE_KEY)
    other.start()
    assert inbox.take().id == "evt_1", "who dispatches beside it gets what it kept"


def test_it_does_not_stand_for_election(make_receiver: MakeReceiver, place: str) -> None:
    receiver = accepting(make_receiver, Inbox(), place)
    receiver.start()
    election = Election(receiver.relay.store.url, poll=0.01)

    async def win() -> bool:
        async with asyncio.timeout(5):
            return await election.win()

    assert asyncio.run(win()) == (not place.startswith("postgresql"))
    election.release()


async def test_nor_does_it_in_the_loop_of_its_host(make_receiver: MakeReceiver, place: str) -> None:
    inbox = Inbox()
    receiver = accepting(make_receiver, inbox, place)
    async with receiver.running():
        reply = await receiver.handle_async("POST", signed(BODY), BODY)
        assert not receiver.relay.is_dispatching
        waits = await receiver.relay.undelivered()

    assert reply.status == 202
    assert [one.event_id for one in waits] == ["evt_1"]
    assert inbox.is_empty


def test_each_request_finds_it_open(make_receiver: MakeReceiver, tmp_path: Path) -> None:
    receiver = accepting(make_receiver, Inbox(), str(tmp_path / "data"))
    receiver.ensure_started()
    first = receiver.relay
    receiver.ensure_started()

    assert receiver.relay is first


# -- retention -----------------------------------------------------------------------------------


async def test_a_retention_reaches_the_sweep(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float | None] = []
    began = asyncio.Event()

    @contextlib.asynccontextmanager
    async def keep_sweeping(
        _store: Store, keep: float | None, **_options: object
    ) -> AsyncIterator[None]:
        told.append(keep)
        began.set()
        yield

    monkeypatch.setattr("fulfillment_sdk.relay.relay.keep_sweeping", keep_sweeping)
    async with make_receiver(Inbox(), retention=90).running(), asyncio.timeout(5):
        await began.wait()

    assert told == [90.0]


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "90 days", True])
def test_a_retention_that_is_no_number_of_seconds_is_refused(
    make_receiver: MakeReceiver, seconds: object
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_receiver(Inbox(), retention=seconds)
    assert "90 * 86_400" in caught.value.remedy


def test_who_does_not_dispatch_cant_be_asked_to_remove_either(make_receiver: MakeReceiver) -> None:
    with pytest.raises(ConfigurationError, match="removes nothing") as caught:
        make_receiver(Inbox(), retention=90, dispatch=False)
    assert "--retain" in caught.value.remedy
