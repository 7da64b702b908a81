"""A sink under test, with events that no other test has."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from itertools import count

import attrs

from fulfillment_sdk.relay import Delivery, Event, Outcome, Sink
from fulfillment_sdk.testing.contract.deliveries import bare, delivery, event
from fulfillment_sdk.testing.contract.workbench import Workbench, fail


@attrs.frozen
class Ids:
    """The ids of one test's events and cases: all have its word in them."""

    word: str
    _numbers: count[int] = attrs.field(factory=lambda: count(1))

    def event(self) -> str:
        """Return a new event's id."""
        # A second bench of the same test counts anew.
        return f"{self._prefix}{next(self._numbers)}_{secrets.token_hex(4)}"

    def case(self) -> str:
        """Return a new case's id."""
        return f"case_{self.word}_{next(self._numbers)}"

    def is_ours(self, id: object) -> bool:
        """Whether an event is this test's."""
        return isinstance(id, str) and id.startswith(self._prefix)

    @property
    def _prefix(self) -> str:
        return f"evt_{self.word}_"


@attrs.frozen
class Bench:
    """One open sink, and what its peer has of it.

    Args:
        workbench: calls the sink.
        sink: what is tested.
        peer_received: the ids of all that the peer has; `async def` or `def`.
        ids: of this test's events.
        type: the type of event that the sink surely passes on.
    """

    workbench: Workbench
    sink: Sink
    peer_received: Callable[[], object]
    ids: Ids
    type: str

    def case(self) -> str:
        """Return the id of a case that has no event yet."""
        return self.ids.case()

    def event(
        self,
        *,
        case: str = "",
        type: str = "",
        sequence: int = 1,
        more: Mapping[str, object] | None = None,
    ) -> Event:
        """Return a new event, of a case of its own unless one is given."""
        return event(
            self.ids.event(),
            case_id=case or self.case(),
            type=type or self.type,
            sequence=sequence,
            more=more,
        )

    def bare(self, kind: str) -> Event:
        """Return a new event that says which case it is about, and nothing else."""
        return bare(self.ids.event(), case_id=self.case(), type=kind)

    def deliver(self, *events: Event, attempt: int = 1) -> list[Outcome]:
        """Deliver events at the same time; anything but an outcome of each ends the test."""
        return self.workbench.deliver(self.sink, *_on_their_way(events, attempt))

    def attempt(self, *events: Event) -> list[Outcome | Exception]:
        """Deliver events at the same time, and return what the sink answers or raises."""
        return self.workbench.attempt(self.sink, *_on_their_way(events, 1))

    def break_off(self, event: Event) -> None:
        """Begin to deliver an event, and cancel it."""
        self.workbench.break_off(self.sink, delivery(event))

    def received(self) -> list[str]:
        """Return the ids of this test's events that the peer has."""
        found = self.workbench.ask(self.peer_received)
        if not isinstance(found, Iterable):
            fail(f"peer_received() returned {found!r:.80}.", "Return the events' ids, as a list.")
        return [one for one in found if self.ids.is_ours(one)]


def _on_their_way(events: Iterable[Event], attempt: int) -> list[Delivery]:
    return [delivery(one, attempt=attempt) for one in events]
