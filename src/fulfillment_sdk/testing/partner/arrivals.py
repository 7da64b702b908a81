"""What arrived at a partner: what its plugins got, and what it answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from fulfillment_sdk.models import CaseCompleted, CreatedCase, Event, StatusChanged
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.testing.partner.words import checked

PATIENCE: Final = 15.0
"""Seconds that what should come has to come."""

RETRIES: Final = (0, 0.1, 0.2, 0.4, 0.8, *(1,) * 600)
"""Seconds before each try: soon, and for ten minutes, longer than a test lasts."""


@attrs.frozen
class Arrival:
    """One request that reached the partner, and the status that it answered with."""

    event_id: str
    case_id: str
    status: str
    answer: int


class Received:
    """What a partner got.

    Args:
        pending: says what has not been through yet of a case's events; nothing if all has.
    """

    def __init__(self, pending: Callable[[str], Sequence[str]]) -> None:
        self._pending = pending
        self._events: list[Event] = []
        self._arrivals: list[Arrival] = []
        self._news = threading.Condition()

    @property
    def events(self) -> list[Event]:
        """The events, in the order in which plugins got them."""
        with self._news:
            return list(self._events)

    @property
    def arrivals(self) -> list[Arrival]:
        """The requests, repetitions and refused ones among them, in the order of the answers."""
        with self._news:
            return list(self._arrivals)

    def answers(self, case: CreatedCase | str | None = None) -> list[int]:
        """Return what the partner answered, to what was about a case or to everything."""
        wanted = None if case is None else _id(case)
        return [one.answer for one in self.arrivals if wanted in (None, one.case_id)]

    def of(self, case: CreatedCase | str) -> list[Event]:
        """Return a case's events, in the order in which plugins got them."""
        return [event for event in self.events if event.case_id == _id(case)]

    def statuses(self, case: CreatedCase | str) -> list[str]:
        """Return what a case's events tell of: statuses, and `completed` for the completion."""
        return [name_of(event) for event in self.of(case)]

    def wait_for(
        self, case: CreatedCase | str, *statuses: str, seconds: float = PATIENCE
    ) -> list[Event]:
        """Wait until a case's events tell of these statuses, and return all that came of it.

        `completed` is the completion; a status given twice must come twice. Then each plugin and
        sink of the receiver has had them as well.

        Raises:
            AssertionError: they did not come, or a plugin or sink has not taken them.
            ConfigurationError: no notification tells of one of these.
        """
        wanted = [checked(status) for status in statuses]
        with self._news:
            came = self._news.wait_for(lambda: not self._missing(case, wanted), seconds)
        if not came:
            raise AssertionError(
                f"{', '.join(self._missing(case, wanted))} did not arrive within {seconds:g} s; "
                f"what came: {', '.join(self.statuses(case)) or 'nothing'}; "
                f"answers: {self.answers(case)}"
            )
        self.settle(case, seconds=seconds)
        return self.of(case)

    def wait_for_answer(
        self, case: CreatedCase | str, answer: int, *, seconds: float = PATIENCE
    ) -> None:
        """Wait until the partner has given this answer to something about a case.

        Raises:
            AssertionError: it has not.
        """
        with self._news:
            if not self._news.wait_for(lambda: answer in self.answers(case), seconds):
                raise AssertionError(
                    f"{answer} was not answered within {seconds:g} s, but {self.answers(case)}"
                )

    def settle(self, case: CreatedCase | str, *, seconds: float = PATIENCE) -> None:
        """Wait until each plugin and sink has what arrived of a case.

        Raises:
            AssertionError: one has not taken it; the message says which, and why.
        """
        with self._news:
            done = False
            waited = 0.0
            while not (done := not self._pending(_id(case))) and waited < seconds:
                self._news.wait(0.02)
                waited += 0.02
        if not done:
            raise AssertionError("; ".join(self._pending(_id(case))))

    # -- what fills it ----------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Note an event that a plugin got."""
        with self._news:
            self._events.append(event)
            self._news.notify_all()

    def note(self, arrival: Arrival) -> None:
        """Note a request and its answer."""
        with self._news:
            self._arrivals.append(arrival)
            self._news.notify_all()

    def _missing(self, case: CreatedCase | str, wanted: Sequence[str]) -> list[str]:
        left = self.statuses(case)
        missing = []
        for status in wanted:
            if status in left:
                left.remove(status)
            else:
                missing.append(status)
        return missing


class Recorder:
    """A plugin that tells what it gets."""

    name = "fulfillment_testing"

    def __init__(self, take: Callable[[Event], None]) -> None:
        self._take = take

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        """Take a change of a status."""
        self._take(event)

    @hookimpl
    def fulfillment_case_completed(self, event: CaseCompleted) -> None:
        """Take a completion."""
        self._take(event)


def name_of(event: Event) -> str:
    """Return the status that an event tells of, `completed` for a completion, else its type."""
    if isinstance(event, CaseCompleted):
        return "completed"
    return event.type if event.new_status is None else str(event.new_status)


def _id(case: CreatedCase | str) -> str:
    return case if isinstance(case, str) else case.id
