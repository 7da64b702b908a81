"""What may go wrong between the gateway and a partner, on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final, Literal

import attrs

from fulfillment_sdk.testing.partner.words import checked

Kind = Literal["drop", "lose_answer", "duplicate", "hold", "delay", "forge", "refuse"]

_ASKED_BY: Final[Mapping[Kind, str]] = {"hold": "reorder", "forge": "bad_signature"}
"""Which method asks for it, where that has another name."""


@attrs.define
class Fault:
    """Something to go wrong with the next notifications.

    Args:
        kind: what.
        at: with those of which status only; `completed` for completions, None for any.
        left: how often yet.
        seconds: how long it takes.
        status: what is answered instead.
        happened: whether it ever did.
    """

    kind: Kind
    at: str | None = None
    left: int = 1
    seconds: float = 0.0
    status: int = 503
    happened: bool = False

    @property
    def words(self) -> str:
        """What was asked for, in the words of what asks for it."""
        return (
            f"{_ASKED_BY.get(self.kind, self.kind)}({'' if self.at is None else f'at={self.at!r}'})"
        )


class Faults:
    """The faults that a test asked for, in the order in which it did.

    Each holds for the next notification (`times=`: so many) from the gateway, or with `at=` for the
    next with that status, `completed` being the completion. What the gateway takes for a failure it
    tries again, in tests after a fraction of a second. An `at` that no notification goes by is a
    `ConfigurationError`.

    Args:
        rotate: asks the gateway for a new secret, and returns it.
    """

    def __init__(self, rotate: Callable[[], str]) -> None:
        self._rotate = rotate
        self._asked: list[Fault] = []
        self._gate = threading.Lock()
        self._only: str | None = None

    # -- what a test asks for ---------------------------------------------------------------------

    def drop(self, *, times: int = 1, at: str | None = None) -> None:
        """Have the connection end before the notification reaches the partner."""
        self._ask(Fault("drop", at, times))

    def lose_answer(self, *, times: int = 1, at: str | None = None) -> None:
        """Have the notification reach the partner, and the answer get lost: it comes again."""
        self._ask(Fault("lose_answer", at, times))

    def duplicate(self, *, times: int = 1, at: str | None = None) -> None:
        """Have the same request reach the partner twice, one right after the other."""
        self._ask(Fault("duplicate", at, times))

    def reorder(self, *, times: int = 1, at: str | None = None) -> None:
        """Have the notification reach the partner behind the case's next one.

        The gateway, which sends a case's next one only when this was taken, is told that it was.
        """
        self._ask(Fault("hold", at, times))

    def delay(self, seconds: float, *, times: int = 1, at: str | None = None) -> None:
        """Have the notification take so many seconds more."""
        self._ask(Fault("delay", at, times, seconds=seconds))

    def bad_signature(self, *, times: int = 1, at: str | None = None) -> None:
        """Have the notification arrive with a signature that is not its own."""
        self._ask(Fault("forge", at, times))

    def refuse(self, status: int = 503, *, times: int = 1, at: str | None = None) -> None:
        """Answer in the partner's place, which is not asked."""
        self._ask(Fault("refuse", at, times, status=status))

    def rotate_secret(self, *, overlap: bool = True) -> str:
        """Have the gateway make a new secret, and return it.

        Both sign from now on, as for the 24 hours after a rotation; without `overlap` the new one
        alone does, as afterwards.
        """
        secret = self._rotate()
        self._only = None if overlap else secret
        return secret

    def clear(self) -> None:
        """Let everything go well from now on."""
        with self._gate:
            self._asked.clear()
        self._only = None

    def still_to_come(self) -> list[str]:
        """What was asked for and has not happened once: who passes without it has shown nothing."""
        with self._gate:
            return [fault.words for fault in self._asked if not fault.happened]

    # -- what the proxy asks ----------------------------------------------------------------------

    @property
    def only_secret(self) -> str | None:
        """The one secret that signatures are to be of; None for all of them."""
        return self._only

    def next_for(self, status: str) -> Fault | None:
        """Return what is to happen to a notification with this status, and count it."""
        with self._gate:
            for fault in self._asked:
                if fault.at in (None, status) and fault.left > 0:
                    fault.left -= 1
                    fault.happened = True
                    return fault
        return None

    def _ask(self, fault: Fault) -> None:
        if fault.at is not None:
            checked(fault.at)
        with self._gate:
            self._asked.append(fault)
