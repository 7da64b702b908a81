"""What is looked at of an event when its place in its case is judged: codes, never its content."""

from __future__ import annotations

import hashlib
import json
from typing import Final

import attrs

from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED, Event

LONGEST: Final = 64
"""Characters that are kept of a status and of a transition's id."""

LARGEST_SEQUENCE: Final = 2**63 - 2
"""What a database counts up to, less one: the number that comes next is kept too."""

_MOVING: Final = frozenset({STATUS_CHANGED, CASE_COMPLETED})


@attrs.frozen(slots=True)
class Fact:
    """What one event says about its case.

    Args:
        event_id: the same on every retry and replay.
        type: of the event.
        sequence: its number within the case, from 1; None where the sender does not count.
        previous: the status that the case had, as it says.
        status: the status that the case has now, as it says.
        transition_id: of the change that it tells of; empty where it says none.
    """

    event_id: str
    type: str
    sequence: int | None
    previous: str | None = None
    status: str | None = None
    transition_id: str = ""

    @property
    def moves(self) -> bool:
        """Whether it says where the case stands."""
        return self.type in _MOVING and self.status is not None

    def says_the_same_as(self, other: Fact) -> bool:
        """Tell whether both are the same fact, whatever their ids."""
        return (self.type, self.sequence, self.previous, self.status, self.transition_id) == (
            other.type,
            other.sequence,
            other.previous,
            other.status,
            other.transition_id,
        )


def likeness_of(fact: Fact, case_id: str) -> int | None:
    """Return 64 bits, signed, by which a fact without a number is found again.

    None for one that has a number to be found by, or that tells of no transition: nobody asks
    whether the same came before.
    """
    if fact.sequence is not None or not fact.transition_id:
        return None
    said = json.dumps([case_id, fact.type, fact.previous, fact.status, fact.transition_id])
    return int.from_bytes(hashlib.blake2b(said.encode(), digest_size=8).digest(), signed=True)


def fact_of(event: Event) -> Fact:
    """Return what an event says about its case.

    A sequence that no sender can mean counts as none; long words are cut, and what a database does
    not take in them is replaced.
    """
    return Fact(
        event.id,
        event.type,
        usual_sequence(event.sequence),
        _word(event.previous_status),
        _word(event.new_status),
        _word(event.transition_id) or "",
    )


def usual_sequence(sequence: int | None) -> int | None:
    """Return a number within a case as it is kept: from 1 to the largest; None for any other."""
    return sequence if sequence and 0 < sequence <= LARGEST_SEQUENCE else None


def _word(text: str | None) -> str | None:
    if text is None:
        return None
    shown = text[:LONGEST]
    if shown.isascii() and shown.isprintable():
        return shown
    plain = "".join(one if one.isprintable() else "?" for one in shown)
    return plain.encode(errors="replace").decode()
