"""The contract of a sink, as tests: a stranger's sink passes them, or learns why not."""

from __future__ import annotations

import gc
import secrets
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Final

import pytest

from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED
from fulfillment_sdk.relay import Delivered, Event, Sink
from fulfillment_sdk.testing.contract import verdicts
from fulfillment_sdk.testing.contract.belongings import Belongings
from fulfillment_sdk.testing.contract.bench import Bench, Ids
from fulfillment_sdk.testing.contract.deliveries import CONTENT, ODD_CASES, form
from fulfillment_sdk.testing.contract.workbench import Workbench, fail

_MANY: Final = 24
_ROUNDS: Final = 5
_PATIENCE: Final = 3.0  # seconds that a peer has to hang up


class SinkContract:
    """Subclass it in a test module, and say how to make the sink and what its peer has.

    The subclass is collected by pytest like any other class of tests (its name begins with `Test`),
    and each test makes a sink of its own. Fixtures come in as everywhere else, by an `autouse`
    fixture of the class. What `docs/sinks.md` asks of a sink is what is tested.

    Attributes:
        types: the event types that the sink passes on; with others it may do as it likes.
        once: whether the peer has an event once, however often it is delivered. False for a peer
            that gets the event's id along and tells repetitions by it.
        in_order: whether `peer_received` tells in which order the peer got them.
        seconds: how long one call may take, with the peer away as well.
        plugin: the module or object that offers the kind of sink; None where there is none.
    """

    types: ClassVar[Sequence[str]] = (STATUS_CHANGED, CASE_COMPLETED)
    once: ClassVar[bool] = True
    in_order: ClassVar[bool] = True
    seconds: ClassVar[float] = 10.0
    plugin: ClassVar[object | None] = None

    # -- what a subclass says ---------------------------------------------------------------------

    def make_sink(self) -> Sink:
        """Return a new sink, not opened; `async def` or `def`."""
        raise NotImplementedError(
            f"{type(self).__name__}.make_sink() must return the sink that is to be tested"
        )

    def peer_received(self) -> Iterable[str] | Awaitable[Iterable[str]]:
        """Return the ids of the events that the peer has, in order; `async def` or `def`.

        One that it has twice is there twice. What other tests have left there does no harm.
        """
        raise NotImplementedError(
            f"{type(self).__name__}.peer_received() must return the ids of what the peer has got"
        )

    def peer_away(self) -> AbstractContextManager[object] | None:
        """Return a context in which the peer can't be reached; None where that can't be had."""
        return None

    # -- what is tested ---------------------------------------------------------------------------

    @pytest.mark.parametrize("place", range(2))
    def test_an_event_arrives_at_the_peer(self, place: int) -> None:
        with self._running() as bench:
            sent = bench.event(type=self.types[place % len(self.types)])
            verdicts.must_be_delivered(bench.deliver(sent))
            self._must_have(bench, sent)

    def test_what_is_delivered_a_second_time_does_no_harm(self) -> None:
        with self._running() as bench:
            sent = bench.event()
            verdicts.must_be_delivered(bench.deliver(sent))
            verdicts.must_be_delivered(bench.deliver(sent, attempt=2))
            self._must_have(bench, sent)
        with self._running(bench.ids.word) as another:  # the process was killed and came back
            verdicts.must_be_delivered(another.deliver(sent, attempt=3))
            self._must_have(another, sent)

    def test_the_events_of_a_case_arrive_in_their_order(self) -> None:
        with self._running() as bench:
            case = bench.case()
            sent = [
                bench.event(case=case, type=self.types[n % len(self.types)], sequence=n + 1)
                for n in range(6)
            ]
            for one in sent:
                verdicts.must_be_delivered(bench.deliver(one))
            self._must_have(bench, *sent)
            got = list(dict.fromkeys(bench.received()))
        if self.in_order and got != [one.id for one in sent]:
            fail(
                "The peer has a case's events in another order than they were delivered in.",
                "Return from deliver only once the event has its place at the peer; where "
                "peer_received() can't tell the order, set in_order = False.",
            )

    def test_many_cases_at_the_same_time_arrive_each(self) -> None:
        with self._running() as bench:
            sent = [bench.event() for _ in range(_MANY)]
            verdicts.must_be_delivered(bench.deliver(*sent))
            self._must_have(bench, *sent)

    def test_an_event_of_an_unknown_type_is_nothing_to_try_again(self) -> None:
        with self._running() as bench:
            for sent in (bench.event(type="case.archived"), bench.bare("weather.changed")):
                verdicts.must_be_settled(bench.deliver(sent), f"an event of type {sent.type}")

    def test_an_event_that_says_no_more_than_its_case_is_nothing_to_try_again(self) -> None:
        with self._running() as bench:
            for kind in self.types:
                outcomes = bench.deliver(bench.bare(kind))
                verdicts.must_be_settled(outcomes, "an event of which nothing more is disclosed")

    @pytest.mark.parametrize("case", ODD_CASES, ids=range(len(ODD_CASES)))
    def test_text_of_any_kind_is_nothing_to_try_again(self, case: str) -> None:
        with self._running() as bench:
            sent = bench.event(case=case, type=self.types[-1], more={"message": f"{case}\0"})
            self._must_settle(bench, sent, f"the case id {case!r:.40}")

    def test_a_large_completion_is_nothing_to_try_again(self) -> None:
        with self._running() as bench:
            sent = bench.event(type=CASE_COMPLETED, more={"form_submissions": [form(size=2**21)]})
            self._must_settle(bench, sent, "an event of 2 MiB")

    def test_what_a_peer_that_is_away_misses_arrives_once_it_is_back(self) -> None:
        away = self.peer_away()
        if away is None:
            pytest.skip("peer_away() says that this peer can't be away")
        with self._running() as bench:
            sent = bench.event()
            with away:
                [answer] = bench.attempt(sent)
                verdicts.must_be_tried_again(answer)
            verdicts.must_be_delivered(bench.deliver(sent, attempt=2))
            self._must_have(bench, sent)

    def test_nothing_of_an_event_s_content_is_told(
        self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(0)
        away = self.peer_away()
        told: list[object] = []
        with self._running() as bench:
            told.append(bench.sink)
            sent = bench.event(type=CASE_COMPLETED)
            if away is not None:
                with away:
                    told += bench.attempt(sent)
            told += bench.deliver(sent, attempt=2)
            told.append(bench.sink)
        printed = capfd.readouterr()
        for where, words in (
            ("its outcome or its repr", repr(told)),
            ("the log", caplog.text),
            ("what it prints", printed.out + printed.err),
        ):
            if any(part in words for part in CONTENT):
                fail(
                    f"Somebody's name or story is in {where}.",
                    "Outcomes, logs and reprs are read by many: say ids and causes there, and "
                    "nothing of delivery.body.",
                )

    def test_it_works_again_after_it_was_closed(self) -> None:
        with self._running() as bench:
            first = bench.event()
            verdicts.must_be_delivered(bench.deliver(first))
            sink = bench.sink
        with self._running(bench.ids.word, sink=sink) as again:
            second = again.event()
            verdicts.must_be_delivered(again.deliver(second))
            self._must_have(again, second)

    def test_opening_and_closing_it_leaves_nothing_behind(self) -> None:
        with self._running():
            pass  # what the first time loads and keeps is no leak
        gc.collect()
        before = Belongings.now()
        for _ in range(_ROUNDS):
            with self._running() as bench:
                verdicts.must_be_delivered(bench.deliver(bench.event()))
        gc.collect()
        if more := before.outgrown_by(_ROUNDS, patience=_PATIENCE):
            fail(
                f"Opened and closed {_ROUNDS} times, the sink leaves {more} behind.",
                "Let close() end what open() and deliver() began.",
            )

    def test_a_delivery_that_was_broken_off_can_be_made_again(self) -> None:
        with self._running() as bench:
            sent = bench.event()
            bench.break_off(sent)
            verdicts.must_be_delivered(bench.deliver(sent, attempt=2))
            if sent.id not in bench.received():
                fail("Broken off and delivered again, the event is not at the peer.")

    def test_its_plugin_offers_it(self) -> None:
        from fulfillment_sdk.hooks.plugin import inspect_plugin
        from fulfillment_sdk.plugins.sinks import SinkKinds

        if self.plugin is None:
            pytest.skip("plugin is not set: nothing to ask")
        kinds = SinkKinds()
        try:
            kinds.ask(inspect_plugin(self.plugin))
        except FulfillmentError as error:
            fail(str(error))
        if not kinds.words:
            fail(
                "The plugin offers no kind of sink.",
                "Mark a function fulfillment_register_sinks(register) with hookimpl, and call "
                "register(kind, Settings, factory) there.",
            )

    # -- how --------------------------------------------------------------------------------------

    @contextmanager
    def _running(self, word: str = "", *, sink: Sink | None = None) -> Iterator[Bench]:
        """Have a sink open; `word` begins the ids of this test's events."""
        with Workbench(seconds=self.seconds) as workbench:
            made = workbench.ask(self.make_sink) if sink is None else sink
            if not callable(getattr(made, "deliver", None)):
                fail(f"make_sink() returned {made!r:.80}, which has no deliver(delivery).")
            ids = Ids(word or secrets.token_hex(4))
            bench = Bench(workbench, made, self.peer_received, ids, self.types[0])
            workbench.open(made)
            try:
                yield bench
            finally:
                workbench.close(made)
                left = workbench.tasks_left()
            if left:
                fail(
                    f"Closed, the sink leaves {len(left)} tasks behind: {left[0]:.120}",
                    "Let close() cancel and await what open() and deliver() began.",
                )

    def _must_settle(self, bench: Bench, sent: Event, what: str) -> None:
        """An event that the sink is for: refused, or else the peer has it."""
        outcomes = bench.deliver(sent)
        verdicts.must_be_settled(outcomes, what)
        if isinstance(outcomes[0], Delivered):
            self._must_have(bench, sent)

    def _must_have(self, bench: Bench, *sent: Event) -> None:
        verdicts.must_have(bench.received(), sent, once=self.once)
