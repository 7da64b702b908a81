"""Lists by ``after`` and ``limit`` (contract, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from attrs import frozen
from starlette.requests import Request

from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused

T = TypeVar("T")

MOST = 200
USUAL = 50


@frozen
class Page:
    """Which part of a list is wanted: at most ``limit`` entries behind the one called ``after``."""

    after: str | None
    limit: int

    @classmethod
    def of(cls, request: Request) -> Page:
        """Read a request's ``after`` and ``limit``; raises ``Refused`` with the 400."""
        text = request.query_params.get("limit", str(USUAL))
        limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        if not 1 <= limit <= MOST:
            raise Refused(answers.invalid("limit"))
        after = request.query_params.get("after", "")
        if "\0" in after:
            raise Refused(answers.invalid("after"))
        return cls(after or None, limit)

    def cut(
        self, entries: Sequence[T], cursor: Callable[[T], str]
    ) -> tuple[Sequence[T], str | None]:
        """Cut this page out of a whole list in order; returns it and where the next one begins.

        A cursor that names no entry any more gives an empty page.
        """
        start = 0
        if self.after is not None:
            places = (n for n, entry in enumerate(entries, 1) if cursor(entry) == self.after)
            start = next(places, len(entries))
        found = entries[start : start + self.limit]
        more = start + self.limit < len(entries)
        return found, cursor(found[-1]) if more else None


def as_list(items: Sequence[object], next_cursor: str | None) -> dict[str, object]:
    """Return the body of a list's answer."""
    return {"items": list(items), "next": next_cursor}
