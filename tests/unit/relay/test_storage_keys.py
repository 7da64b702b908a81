"""Who has other storage keys than a database is refused, before anything is sealed with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay import Destination, Relay
from fulfillment_sdk.relay.schema import destinations
from tests.postgres import server
from tests.unit.relay.both import DATABASES
from tests.unit.relay.conftest import ScriptedSink, to

RIGHT = ("k", b"r" * 32)
WRONG = ("k", b"w" * 32)
OTHER = ("other", b"o" * 32)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/relay.db"
        return
    url = server().new_database()
    yield url
    server().drop_database(url)


def relay(url: str, *keys: tuple[str, bytes], names: str = "a", only_new: bool = False) -> Relay:
    return Relay(
        url,
        destinations=[to(name, settings={"to": name}) for name in names],
        sinks={"scripted": ScriptedSink()},
        keys=keys,
        only_new=only_new,
    )


def declared(relay: Relay) -> list[Destination]:
    return relay.store.read(relay.list_destinations).result(10)


@pytest.mark.parametrize("only_new", [False, True])
@pytest.mark.parametrize("keys", [WRONG, OTHER])
def test_other_keys_are_refused_and_leave_the_database_readable(
    url: str, keys: tuple[str, bytes], only_new: bool
) -> None:
    with closing(relay(url, RIGHT)) as first:
        with pytest.raises(StoreError) as caught:
            relay(url, keys, names="ab", only_new=only_new)
        assert "FULFILLMENT_STORAGE_KEYS" in caught.value.remedy
        assert "same on all hosts" in caught.value.remedy
        assert [one.settings for one in declared(first)] == [{"to": "a"}]


def test_the_cause_names_another_key_of_that_id(url: str) -> None:
    relay(url, RIGHT).close()
    with pytest.raises(StoreError, match="or sealed with another key of that id"):
        relay(url, WRONG)


def test_a_new_key_beside_the_retired_one_goes(url: str) -> None:
    relay(url, RIGHT).close()
    with closing(relay(url, OTHER, RIGHT, names="ab")) as second:
        assert [one.name for one in declared(second)] == ["a", "b"]


def test_one_damaged_destination_keeps_nobody_from_starting(url: str) -> None:
    with closing(relay(url, RIGHT, names="ab")) as first:
        damage = sa.update(destinations).where(destinations.c.name == "a").values(settings=b"\1")
        first.store.write(lambda c: c.execute(damage)).result(10)
    with closing(relay(url, RIGHT, names="ab")) as second:
        assert [one.settings for one in declared(second)] == [{"to": "a"}, {"to": "b"}]
