"""What can't be read, and cases that must not be sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from fulfillment_sdk.errors.base import FulfillmentError

SHOWN: Final = 5
"""How many problems the text of an `InvalidCase` names."""
LONGEST: Final = 120
"""How much of a single problem it shows: a path may hold long keys."""


class PayloadError(FulfillmentError):
    """JSON or its structure is unreadable: ``path`` says where (``""``: whole), ``reason`` why.

    ``line`` and ``column``, both from 1, are given where a text was read that a person wrote, and
    None otherwise.
    """

    def __init__(
        self, path: str, reason: str, *, line: int | None = None, column: int | None = None
    ) -> None:
        place = f"line {line}, column {column}" if line is not None else ""
        super().__init__(": ".join(part for part in (place, path, reason) if part))
        self.path = path
        self.reason = reason
        self.line = line
        self.column = column


class CaseProblem(Protocol):
    """What `InvalidCase` lists; `fulfillment_sdk.casefile.Problem` is one."""

    @property
    def kind(self) -> str:
        """``missing``, ``invalid`` or ``timestamp``."""
        ...

    @property
    def field(self) -> str:
        """The path of the field."""
        ...

    @property
    def message(self) -> str:
        """The problem in the contract's words."""
        ...


class InvalidCase(FulfillmentError):
    """A case breaks the rules of the contract, section 2: ``problems`` lists all of them.

    ``str()`` names the first five, and says how many more there are.
    """

    default_remedy = "Correct the fields that are named, then send the case again."

    def __init__(self, problems: Iterable[CaseProblem]) -> None:
        self.problems = tuple(problems)
        words = [_short(problem.message) for problem in self.problems[:SHOWN]]
        if more := len(self.problems) - len(words):
            words.append(f"and {more} more, all of them in .problems")
        super().__init__("; ".join(words))


def _short(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
