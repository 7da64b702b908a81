"""A sink that breaks the contract learns by which sentence, and what to do about it."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from fulfillment_sdk.hooks.specs import RegisterSink, hookimpl
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry, Sink
from fulfillment_sdk.testing import SinkContract

PATIENCE_SECONDS = 60.0
"""What nothing here takes."""


class Peer:
    """What a sink tells: a list of ids, unless it is away."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.is_away = False

    def put(self, delivery: Delivery) -> None:
        if self.is_away:
            raise ConnectionRefusedError
        if delivery.id not in self.ids:
            self.ids.append(delivery.id)


class Good:
    """Passes every test; the bad ones differ from it in one thing."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def deliver(self, delivery: Delivery) -> Outcome:
        try:
            self.peer.put(delivery)
        except ConnectionError:
            return Retry("the peer is away")
        return Delivered()


class SaysNothing(Good):
    def deliver(self, delivery: Delivery) -> Any:
        super().deliver(delivery)


class SaysYes(Good):
    def deliver(self, delivery: Delivery) -> Any:
        super().deliver(delivery)
        return True


class Lies(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        return Delivered()


class CannotBeBothered(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        return Retry("not now")


class Raises(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        raise KeyError("no such thing")


class Exits(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        raise SystemExit(3)


class ExitsInTheLoop(Good):
    async def deliver(self, delivery: Delivery) -> Outcome:  # type: ignore[override]
        raise SystemExit(3)


class ExitsAsItOpens(Good):
    async def open(self) -> None:
        raise SystemExit(3)


class Repeats(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        self.peer.ids.append(delivery.id)
        return Delivered()


class RemembersByItself(Good):
    """Tells repetitions, until it is restarted."""

    def __init__(self, peer: Peer) -> None:
        super().__init__(peer)
        self.seen: set[str] = set()

    def deliver(self, delivery: Delivery) -> Outcome:
        if delivery.id not in self.seen:
            self.peer.ids.append(delivery.id)
        self.seen.add(delivery.id)
        return Delivered()


class TurnsRound(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        self.peer.ids.insert(0, delivery.id)
        return Delivered()


class OneAtATime(Good):
    busy = 0

    async def deliver(self, delivery: Delivery) -> Outcome:  # type: ignore[override]
        if self.busy:
            return Delivered("busy")
        self.busy += 1
        await asyncio.sleep(0)
        self.peer.put(delivery)
        self.busy -= 1
        return Delivered()


class KnowsTwoTypes(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        if not delivery.type.startswith("case.status") and delivery.type != "case.completed":
            return Retry("of a type that I don't know")
        return super().deliver(delivery)


class CountsOnKeys(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        if b"new_status" not in delivery.body:
            raise KeyError("new_status")
        return super().deliver(delivery)


class SpeaksAsciiOnly(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        delivery.lane.encode("ascii")
        return super().deliver(delivery)


class TakesLittle(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        if len(delivery.body) > 1_000_000:
            return Retry("too large")
        return super().deliver(delivery)


class DropsWhatIsOdd(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        if not delivery.lane.isascii():
            return Delivered("nothing for me")
        return super().deliver(delivery)


class DropsWhatIsLarge(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        if len(delivery.body) > 1_000_000:
            return Delivered("nothing for me")
        return super().deliver(delivery)


class SwallowsErrors(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        super().deliver(delivery)
        return Delivered()


class GivesUp(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        outcome = super().deliver(delivery)
        return Reject("away") if isinstance(outcome, Retry) else outcome


class QuotesInItsOutcome(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        super().deliver(delivery)
        story = delivery.body.decode().partition("narrative")[2]
        return Delivered(story[:80])


class QuotesInTheLog(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        logging.getLogger("sinks.bad").debug("got %s", delivery.body)
        return super().deliver(delivery)


class Prints(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        print(delivery.body)  # noqa: T201  that is what is bad about it
        return super().deliver(delivery)


class KeepsTheLastOne(Good):
    last = b""

    def deliver(self, delivery: Delivery) -> Outcome:
        self.last = delivery.body
        return super().deliver(delivery)

    def __repr__(self) -> str:
        return f"KeepsTheLastOne({self.last!r})"


class SpeaksAtLength(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        super().deliver(delivery)
        return Delivered("x" * 300)


class DoesNotSayWhy(Good):
    def deliver(self, delivery: Delivery) -> Outcome:
        return Retry("")


class Hangs(Good):
    seconds = 0.01  # it hangs for good: however short its time is, it never comes back in time

    async def deliver(self, delivery: Delivery) -> Outcome:  # type: ignore[override]
        await asyncio.Event().wait()
        raise AssertionError


class CannotBeOpened(Good):
    def open(self) -> None:
        raise PermissionError("not yours")


class OpensOnce(Good):
    closed = False

    def close(self) -> None:
        self.closed = True

    def deliver(self, delivery: Delivery) -> Outcome:
        if self.closed:
            raise RuntimeError("closed")
        return super().deliver(delivery)


class LeavesThreads(Good):
    end: ClassVar[threading.Event]

    def open(self) -> None:
        threading.Thread(target=self.end.wait, daemon=True).start()


class LeavesFiles(Good):
    opened: ClassVar[list[int]]

    def open(self) -> None:
        self.opened.append(os.open(os.devnull, os.O_RDONLY))


class LeavesTasks(Good):
    async def open(self) -> None:
        self.task = asyncio.ensure_future(asyncio.Event().wait())


class HoldsOn(Good):
    """Doesn't let go of its lock when it is broken off."""

    held = False

    async def deliver(self, delivery: Delivery) -> Outcome:  # type: ignore[override]
        if self.held:
            return Retry("somebody else has it")
        self.held = True
        await asyncio.Event().wait()  # until it is broken off
        raise AssertionError


class NotASink:
    def __init__(self, peer: Peer) -> None:
        self.peer = peer


class OffersNothing:
    name = "empty"

    @hookimpl
    def fulfillment_register_sinks(self, register: RegisterSink) -> None:
        """Forget to offer anything."""


class Misspelt:
    name = "misspelt"

    @hookimpl
    def fulfillment_register_sink(self, register: RegisterSink) -> None:
        """Never be called."""


class Checked(SinkContract):
    """The contract around one of those above.

    On a busy machine a good sink may take any time: only one that hangs for good gets little.
    """

    def __init__(self, kind: Callable[[Peer], Any]) -> None:
        self.peer = Peer()
        self.kind = kind
        self.seconds = getattr(kind, "seconds", PATIENCE_SECONDS)  # type: ignore[misc]

    def make_sink(self) -> Sink:
        sink: Sink = self.kind(self.peer)
        return sink

    def peer_received(self) -> list[str]:
        return self.peer.ids

    @contextmanager
    def peer_away(self) -> Iterator[None]:
        self.peer.is_away = True
        yield
        self.peer.is_away = False


ARRIVES = "test_an_event_arrives_at_the_peer"
BAD: list[tuple[type, str, str]] = [
    (SaysNothing, ARRIVES, "deliver returned None, which says nothing"),
    (SaysYes, ARRIVES, "deliver returned True, which says nothing"),
    (Lies, ARRIVES, "the peer lacks 1: evt_"),
    (CannotBeBothered, ARRIVES, "deliver returned Retry(why='not now'"),
    (Raises, ARRIVES, "deliver raised KeyError: 'no such thing' at test_bad_sinks.py:"),
    (Hangs, ARRIVES, "deliver() did not return within 0.01 s."),
    (SpeaksAtLength, ARRIVES, "in one line of at most 200 characters"),
    (DoesNotSayWhy, ARRIVES, "Retry does not say why."),
    (CannotBeOpened, ARRIVES, "open() raised PermissionError: not yours"),
    (NotASink, ARRIVES, "which has no deliver(delivery)"),
    (LeavesTasks, ARRIVES, "Closed, the sink leaves 1 tasks behind"),
    (Repeats, "test_what_is_delivered_a_second_time_does_no_harm", " 2 times."),
    (RemembersByItself, "test_what_is_delivered_a_second_time_does_no_harm", " 2 times."),
    (TurnsRound, "test_the_events_of_a_case_arrive_in_their_order", "in another order than"),
    (OneAtATime, "test_many_cases_at_the_same_time_arrive_each", "for 24 events, and the peer"),
    (
        KnowsTwoTypes,
        "test_an_event_of_an_unknown_type_is_nothing_to_try_again",
        "For an event of type case.archived deliver returned Retry",
    ),
    (
        CountsOnKeys,
        "test_an_event_that_says_no_more_than_its_case_is_nothing_to_try_again",
        "deliver raised KeyError: 'new_status'",
    ),
    (
        SpeaksAsciiOnly,
        "test_text_of_any_kind_is_nothing_to_try_again",
        "deliver raised UnicodeEncodeError",
    ),
    (
        TakesLittle,
        "test_a_large_completion_is_nothing_to_try_again",
        "For an event of 2 MiB deliver returned Retry",
    ),
    (
        DropsWhatIsOdd,
        "test_text_of_any_kind_is_nothing_to_try_again",
        "deliver returned Delivered for 1 events, and the peer lacks 1: evt_",
    ),
    (
        DropsWhatIsLarge,
        "test_a_large_completion_is_nothing_to_try_again",
        "deliver returned Delivered for 1 events, and the peer lacks 1: evt_",
    ),
    (
        SwallowsErrors,
        "test_what_a_peer_that_is_away_misses_arrives_once_it_is_back",
        "deliver returned Delivered: the event is lost.",
    ),
    (
        GivesUp,
        "test_what_a_peer_that_is_away_misses_arrives_once_it_is_back",
        "nobody tries again.",
    ),
    (
        QuotesInItsOutcome,
        "test_nothing_of_an_event_s_content_is_told",
        "name or story is in its outcome or its repr",
    ),
    (QuotesInTheLog, "test_nothing_of_an_event_s_content_is_told", "story is in the log"),
    (Prints, "test_nothing_of_an_event_s_content_is_told", "story is in what it prints"),
    (KeepsTheLastOne, "test_nothing_of_an_event_s_content_is_told", "its outcome or its repr"),
    (OpensOnce, "test_it_works_again_after_it_was_closed", "deliver raised RuntimeError: closed"),
    (
        LeavesThreads,
        "test_opening_and_closing_it_leaves_nothing_behind",
        " threads behind.",  # of the bench's own one may still be about to end
    ),
    (
        LeavesFiles,
        "test_opening_and_closing_it_leaves_nothing_behind",
        "5 open files behind.",
    ),
    (
        HoldsOn,
        "test_a_delivery_that_was_broken_off_can_be_made_again",
        "deliver returned Retry(why='somebody else has it'",
    ),
]

ARGUMENTS: dict[str, dict[str, object]] = {
    ARRIVES: {"place": 0},
    "test_text_of_any_kind_is_nothing_to_try_again": {"case": "Žofie"},
}


@pytest.fixture(autouse=True)
def _what_bad_sinks_leave() -> Iterator[None]:
    LeavesThreads.end, LeavesFiles.opened = threading.Event(), []
    yield
    LeavesThreads.end.set()
    for descriptor in LeavesFiles.opened:
        os.close(descriptor)


def put_to(kind: type, test: str, request: pytest.FixtureRequest) -> None:
    """Run one test of the contract on a sink."""
    leaves = kind in (LeavesThreads, LeavesFiles)  # for good: to wait for an end is of no use
    request.getfixturevalue("monkeypatch").setattr(
        "fulfillment_sdk.testing.contract.sink_contract._PATIENCE",
        0.0 if leaves else PATIENCE_SECONDS,
    )
    arguments = dict(ARGUMENTS.get(test, {}))
    if test == "test_nothing_of_an_event_s_content_is_told":
        arguments = {name: request.getfixturevalue(name) for name in ("caplog", "capfd")}
    getattr(Checked(kind), test)(**arguments)


@pytest.mark.parametrize("kind", [Exits, ExitsInTheLoop, ExitsAsItOpens])
def test_a_sink_that_exits_ends_its_test_alone_and_learns_that_it_does(
    kind: type, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"raised SystemExit: 3 at test_bad_"):
        put_to(kind, "test_an_event_arrives_at_the_peer", request)


@pytest.mark.parametrize(("kind", "test", "message"), BAD, ids=[one[0].__name__ for one in BAD])
def test_a_bad_sink_learns_what_is_bad(
    kind: type, test: str, message: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(pytest.fail.Exception) as caught:
        put_to(kind, test, request)

    assert message in str(caught.value)


@pytest.mark.parametrize("test", sorted({test for _, test, _ in BAD}))
def test_a_good_sink_passes_what_bad_ones_fail(test: str, request: pytest.FixtureRequest) -> None:
    put_to(Good, test, request)


def test_every_sentence_of_the_contract_has_a_sink_that_breaks_it() -> None:
    sentences = {name for name in dir(SinkContract) if name.startswith("test_")}

    assert sentences - {test for _, test, _ in BAD} == {"test_its_plugin_offers_it"}


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (OffersNothing(), "The plugin offers no kind of sink."),
        (Misspelt(), "fulfillment_register_sink"),
    ],
)
def test_a_plugin_that_offers_no_sink_is_told_so(plugin: object, message: str) -> None:
    class WithPlugin(Checked):
        pass

    WithPlugin.plugin = plugin
    with pytest.raises(pytest.fail.Exception) as caught:
        WithPlugin(Good).test_its_plugin_offers_it()

    assert message in str(caught.value)


@pytest.mark.parametrize("method", ["make_sink", "peer_received"])
def test_a_subclass_that_says_too_little_is_told_what_is_missing(method: str) -> None:
    class Empty(SinkContract):
        if method == "peer_received":

            def make_sink(self) -> Sink:
                return Good(Peer())

    with pytest.raises(NotImplementedError, match=rf"Empty\.{method}\(\) must return"):
        Empty().test_an_event_arrives_at_the_peer(0)


def test_a_subclass_that_does_not_return_what_the_peer_has_is_told_so() -> None:
    class Forgetful(Checked):
        def peer_received(self) -> Any:
            """Forget to return what there is."""

    with pytest.raises(pytest.fail.Exception) as caught:
        Forgetful(Good).test_an_event_arrives_at_the_peer(0)

    assert "peer_received() returned None." in str(caught.value)
