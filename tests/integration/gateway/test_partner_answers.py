"""Where every kind of partner's answer leads (contract, section 4).

One gateway with a subscription for each kind, all at once, so that none may hold up another. Each
meets two events of one case: the first is answered in its way, the second one well. The clock is
moved from one due try to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import itertools
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Any, Literal, TypeAlias

import attrs
import pytest

from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Attempt
from tests.integration.gateway.courier import Courier, open_courier
from tests.integration.gateway.odd_endpoints import (
    FIRST,
    Calls,
    Endpoint,
    answers,
    babbles,
    breaks_off,
    does,
    drips,
    floods,
    hangs,
    hangs_up,
    line,
    nobody,
    resets,
    untrusted,
)
from tests.integration.gateway.parts import OWNER, START
from tests.integration.webhooks.told_names import ToldNames

SINK = "fulfillment_sdk.server.gateway.gateway.WebhookSink"
SCHEDULE = (0.0, 5.0, 30.0, 120.0)
SECOND = "evt_2"
YEAR = 365 * 86_400

LeadsTo: TypeAlias = Literal["delivered", "retried to the end", "three tries", "disabled"]
Waits: TypeAlias = tuple[tuple[float, float], ...]

OUTCOMES: Mapping[LeadsTo, list[str]] = {
    "delivered": ["delivered"],
    "retried to the end": ["retry", "retry", "retry", "dead"],
    "three tries": ["retry", "retry", "dead"],
    "disabled": ["disabled"],
}


@attrs.frozen
class Kind:
    """A kind of answer, and where it leads.

    ``why`` is what an operator is told, ``waits`` are the bounds of the seconds between two tries.
    One that is ``deaf`` never hears of an event, so that the second one fares like the first.
    """

    endpoint: Endpoint
    leads_to: LeadsTo
    why: str
    scheme: str = attrs.field(default="http", kw_only=True)
    host: str = attrs.field(default="127.0.0.1", kw_only=True)
    deaf: bool = attrs.field(default=False, kw_only=True)
    waits: Waits | None = attrs.field(default=None, kw_only=True)


@attrs.define
class End:
    """What had become of a subscription when there was nothing left to do."""

    subscription: str
    calls: Calls
    first: list[Attempt]
    second: list[Attempt]
    enabled: bool
    listed: dict[str, dict[str, Any]]
    mails: list[tuple[str, str]]


def about(step: float, asked: float = 0.0) -> tuple[float, float]:
    """Bounds of a step with its jitter of 20 %, which never comes before what was asked for."""
    return (max(asked, step * 0.8), max(asked, step * 1.2))


STEPS: Waits = tuple(about(step) for step in SCHEDULE[1:])
RETRY_AFTER: Mapping[str, tuple[str, Waits]] = {
    "seconds": ("20", (about(5, 20), about(30, 20), about(120, 20))),
    "date": (formatdate(START + 20, usegmt=True), (about(5, 20), *STEPS[1:])),
    "date gone by": (formatdate(START - 60, usegmt=True), STEPS),
    # At most the delay after next: nobody parks a case for a year.
    "year of seconds": (str(YEAR), (about(5, 30), about(30, 120), about(120, 120))),
    "ages of seconds": ("9" * 40, (about(5, 30), about(30, 120), about(120, 120))),
    "date without zone": (
        formatdate(START + 20),
        (about(5, 20), *STEPS[1:]),
    ),
    "date in a year": (
        formatdate(START + YEAR, usegmt=True),
        (about(5, 30), about(30, 120), about(120, 120)),
    ),
    "nonsense": ("soon", STEPS),
}

TO_THE_END: LeadsTo = "retried to the end"
CLOSED = "the connection was closed before an answer"
KINDS: dict[str, Kind] = {
    **{
        f"{status}": Kind(answers(status), "delivered", f"HTTP {status}")
        for status in (200, 201, 202, 203, 204, 206, 299)
    },
    **{
        f"{status}": Kind(
            answers(status, Location="/elsewhere"),
            TO_THE_END,
            f"HTTP {status}: redirects are not followed",
        )
        for status in (300, 301, 302, 303, 304, 307, 308)
    },
    **{
        f"{status}": Kind(answers(status), TO_THE_END, f"HTTP {status}", waits=STEPS)
        for status in (401, 403, 404, 408, 409, 425, 429, 500, 501, 502, 503, 504, 507, 599)
    },
    # Not in the contract's list: they speak of the endpoint, so they are tried again too.
    **{
        f"{status}": Kind(answers(status), TO_THE_END, f"HTTP {status}")
        for status in (402, 405, 406, 411, 413, 415, 418, 451)
    },
    **{
        f"{status} with Retry-After, {what}": Kind(
            answers(status, Retry_After=value), TO_THE_END, f"HTTP {status}", waits=waits
        )
        for status in (429, 503)
        for what, (value, waits) in RETRY_AFTER.items()
    },
    "400": Kind(answers(400), "three tries", "HTTP 400", waits=STEPS[:2]),
    "422": Kind(answers(422), "three tries", "HTTP 422", waits=STEPS[:2]),
    "410": Kind(answers(410), "disabled", "HTTP 410"),
    "reset": Kind(does(resets), TO_THE_END, CLOSED),
    "hung up": Kind(does(hangs_up), TO_THE_END, CLOSED),
    "no HTTP": Kind(does(babbles), TO_THE_END, "the answer is not HTTP"),
    "200 that breaks off": Kind(does(breaks_off(line(200))), "delivered", "HTTP 200"),
    "500 that breaks off": Kind(does(breaks_off(line(500))), TO_THE_END, "HTTP 500"),
    "200 without an end": Kind(does(floods(line(200) + b"\r\n")), "delivered", "HTTP 200"),
    "500 without an end": Kind(does(floods(line(500) + b"\r\n")), TO_THE_END, "HTTP 500"),
    "400 without an end": Kind(does(floods(line(400) + b"\r\n")), "three tries", "HTTP 400"),
    "connection refused": Kind(nobody, TO_THE_END, "no connection (ECONNREFUSED)", deaf=True),
    "untrusted certificate": Kind(
        untrusted,
        TO_THE_END,
        "the endpoint's certificate is not accepted",
        scheme="https",
        deaf=True,
    ),
    "no TLS": Kind(answers(202), TO_THE_END, "no TLS connection", scheme="https", deaf=True),
    "unknown name": Kind(
        nobody, TO_THE_END, "the endpoint's name can't be resolved", host="none.invalid", deaf=True
    ),
    "inner address": Kind(
        nobody,
        TO_THE_END,
        "the endpoint's address is refused (private)",
        host="inner.invalid",
        deaf=True,
    ),
}

LATE = "no answer in time"
SLOW_KINDS: dict[str, Kind] = {
    "hang": Kind(does(hangs), TO_THE_END, LATE),
    "head in a slow drip": Kind(does(drips(line(200), b"X-A: b\r\n")), TO_THE_END, LATE),
    "interim answers only": Kind(does(drips(b"", line(102) + b"\r\n")), TO_THE_END, LATE),
    "200 in a slow drip": Kind(does(drips(line(200) + b"\r\n", b"x")), "delivered", "HTTP 200"),
    "500 in a slow drip": Kind(does(drips(line(500) + b"\r\n", b"x")), TO_THE_END, "HTTP 500"),
}


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> dict[str, End]:
    """How each kind ended."""
    folder = tmp_path_factory.mktemp("answers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SINK, functools.partial(WebhookSink, resolver=names))
        quick = asyncio.run(run(folder / "quick", KINDS))
        # The real limits are 15 s for an answer and 1 s for the rest of it.
        patch.setattr(SINK, functools.partial(WebhookSink, timeout=0.5, answer_seconds=0.05))
        slow = asyncio.run(run(folder / "slow", SLOW_KINDS))
    return quick | slow


def names() -> ToldNames:
    """Know one name, and no other: no name server is asked."""
    return ToldNames({"inner.invalid": [["10.0.0.1"]]})


async def run(folder: Path, kinds: Mapping[str, Kind]) -> dict[str, End]:
    """Send two events of a case to all kinds, and let time pass until nothing is left to do."""
    ids: dict[str, str] = {}
    calls = {name: Calls() for name in kinds}
    async with (
        contextlib.AsyncExitStack() as stack,
        open_courier(folder, retry_schedule=SCHEDULE, subscription_limit=len(kinds)) as courier,
    ):
        for name, kind in kinds.items():
            port = await stack.enter_async_context(kind.endpoint(calls[name]))
            ids[name] = await courier.subscribe(f"{kind.scheme}://{kind.host}:{port}/hook")
        await courier.event(1)
        await courier.event(2)
        async for _ in courier.run_on():
            pass
        listed = [one for state in ("pending", "dead") for one in await courier.listed(state)]
        return {
            name: await end(courier, subscription, calls[name], listed)
            for name, subscription in ids.items()
        }


async def end(
    courier: Courier, subscription: str, calls: Calls, listed: Sequence[dict[str, Any]]
) -> End:
    return End(
        subscription,
        calls,
        await courier.attempts(subscription, FIRST),
        await courier.attempts(subscription, SECOND),
        await courier.is_enabled(subscription),
        {one["event_id"]: one for one in listed if one["subscription_id"] == subscription},
        [mail for mail in courier.house.sent if subscription in mail[1]],
    )


ALL = KINDS | SLOW_KINDS
EACH = pytest.mark.parametrize("name", ALL)


@EACH
def test_it_is_tried_as_often_as_the_contract_says(ends: dict[str, End], name: str) -> None:
    first = ends[name].first
    assert [one.outcome for one in first] == OUTCOMES[ALL[name].leads_to]
    assert [one.attempt for one in first] == list(range(1, len(first) + 1))
    assert all(one.why.startswith(ALL[name].why) for one in first), first


@pytest.mark.parametrize("name", [name for name, kind in ALL.items() if kind.waits])
def test_it_is_tried_again_when_the_contract_says(ends: dict[str, End], name: str) -> None:
    times = [one.at for one in ends[name].first]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    bounds = ALL[name].waits or ()
    assert len(waits) == len(bounds)
    for wait, (least, most) in zip(waits, bounds, strict=True):
        assert least - 0.001 <= wait <= most + 0.001, waits


@EACH
def test_an_operator_sees_where_it_led(ends: dict[str, End], name: str) -> None:
    kind, found = ALL[name], ends[name].listed
    if kind.leads_to == "delivered":
        assert found == {}
    elif kind.leads_to == "disabled":
        assert {event_id: one["state"] for event_id, one in found.items()} == {
            FIRST: "pending",
            SECOND: "pending",
        }
    else:
        assert found[FIRST]["state"] == "dead"
        assert found[FIRST]["attempts"] == len(OUTCOMES[kind.leads_to])
        assert found[FIRST]["why"].startswith(kind.why)
        assert found.keys() == ({FIRST, SECOND} if kind.deaf else {FIRST})


@EACH
def test_the_next_event_of_the_case_follows_in_order(ends: dict[str, End], name: str) -> None:
    kind, found = ALL[name], ends[name]
    if kind.leads_to == "disabled":
        assert found.second == []
        return
    assert found.second[-1].outcome == ("dead" if kind.deaf else "delivered")
    assert found.second[0].at >= found.first[-1].at
    if not kind.deaf:
        met = [event_id for _, event_id, _ in found.calls.made]
        assert met == sorted(met)
        assert set(met) == {FIRST, SECOND}


@pytest.mark.parametrize("name", [name for name, kind in ALL.items() if not kind.deaf])
def test_every_try_has_the_same_bytes_and_goes_where_it_should(
    ends: dict[str, End], name: str
) -> None:
    made = [(path, body) for path, event_id, body in ends[name].calls.made if event_id == FIRST]
    assert len(made) == len(ends[name].first)
    assert len(set(made)) == 1
    assert made[0][0] == "/hook"


@EACH
def test_gone_alone_disables_and_its_owner_is_told_once(ends: dict[str, End], name: str) -> None:
    gone = ALL[name].leads_to == "disabled"
    assert ends[name].enabled is not gone
    told = [to for to, text in ends[name].mails if "HTTP 410" in text]
    assert told == ([OWNER] if gone else [])


def test_an_endpoint_has_fifteen_seconds() -> None:
    assert inspect.signature(WebhookSink).parameters["timeout"].default == 15.0
