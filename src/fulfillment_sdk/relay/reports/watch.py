"""Who watches the relay: one log line per attempt, and a host's observers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Mapping, Sequence

import attrs

from fulfillment_sdk.relay.cancelling import is_asked_to_end
from fulfillment_sdk.relay.reports.aside import Aside
from fulfillment_sdk.relay.reports.figures import Figures
from fulfillment_sdk.relay.tables.words import facts, id_word, one_word
from fulfillment_sdk.relay.values import Attempt

LOOK_EVERY = 0.005  # seconds

log = logging.getLogger("fulfillment_sdk.relay")


@attrs.frozen
class Watch:
    """Tells what was recorded; an observer that raises is named and stops nothing.

    Args:
        on_attempt: called in the dispatcher's loop with each attempt.
        on_disabled: called there with the name of a destination that was disabled, and the cause.
        figures: counts the attempts.
        observers: strangers by their names, each called with each attempt from a thread of its own.
    """

    on_attempt: Callable[[Attempt], None] | None = None
    on_disabled: Callable[[str, str], None] | None = None
    figures: Figures | None = None
    observers: Mapping[str, Callable[[Attempt], None]] = attrs.field(factory=dict)
    _aside: Sequence[Aside] = attrs.field(init=False)

    @_aside.default
    def _begin(self) -> Sequence[Aside]:
        return [
            Aside(name, functools.partial(_guarded, "attempts", observer))
            for name, observer in self.observers.items()
        ]

    async def told(self, seconds: float) -> None:
        """Give strangers some seconds to be told of what was recorded."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not all(one.is_through for one in self._aside):  # noqa: ASYNC110  threads know no loop
                    await asyncio.sleep(LOOK_EVERY)

    def settled(self, records: Sequence[Attempt]) -> None:
        """Tell of attempts that were recorded."""
        if self.figures is not None:
            self.figures.note(records)
        if log.isEnabledFor(logging.INFO):
            for record in records:
                _log(record)
        if self.on_attempt is not None:
            for record in records:
                _guarded("attempts", self.on_attempt, record)
        for one in self._aside:
            for record in records:
                one.tell(record)

    def disabled(self, name: str, why: str) -> None:
        """Tell of a destination that gets nothing any more."""
        log.warning(
            "destination disabled destination=%s why=%s",
            one_word(name),
            one_word(why),
            extra=facts("destination disabled", destination=name, why=why),
        )
        if self.on_disabled is not None:
            _guarded("disabled destinations", self.on_disabled, name, why)


def _log(record: Attempt) -> None:
    log.info(
        "attempt destination=%s event=%s lane=%s n=%d outcome=%s ms=%.1f why=%s",
        one_word(record.destination),
        id_word(record.event_id),
        id_word(record.lane),
        record.attempt,
        record.outcome,
        record.seconds * 1000,
        one_word(record.why or "-"),
        extra=facts(
            "attempt",
            destination=record.destination,
            event=id_word(record.event_id),
            lane=id_word(record.lane),
            n=record.attempt,
            outcome=record.outcome,
            ms=round(record.seconds * 1000, 1),
            why=record.why,
        ),
    )


def _guarded(what: str, observer: Callable[..., None], *arguments: object) -> None:
    try:
        observer(*arguments)
    except BaseException as error:  # an observer must not stop the relay, `sys.exit` or not
        if isinstance(error, asyncio.CancelledError) and is_asked_to_end():
            raise
        log.error("observer of %s raised %s", what, type(error).__name__)
