"""Lists that come in pages, fetched as they are gone through (contract, section 5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Generic, Self, TypeVar

import attrs

from fulfillment_sdk.client.calls.answers import json_object, text, unexpected
from fulfillment_sdk.client.calls.call import Answer, Call, Runner, sendable
from fulfillment_sdk.client.calls.reading import read_model
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.models._fields import Model

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound=Model)

LARGEST: Final = 200


@attrs.frozen
class Page(Generic[T_co]):
    """One page: its `items`, and in `next` the cursor to go on behind, None at the end."""

    items: tuple[T_co, ...]
    next: str | None


class Pager(Generic[T]):
    """Goes through a list once, item by item or by `pages()`, and fetches a page when it is needed.

    It is true while there is something left, which may take a request to know. `call` makes the
    call for the page behind a cursor; one that leads back to where the list has been is an
    UnexpectedAnswer. After an error it can be gone on with: the page that failed is asked for
    again. Not to be shared between threads.
    """

    def __init__(
        self,
        runner: Runner,
        call: Callable[[str | None], Call[Page[T]]],
        *,
        after: str | None = None,
    ) -> None:
        call(after)  # what can't be asked for is told here, not when the list is gone through
        self._runner = runner
        self._call = call
        self._waiting: deque[T] = deque()
        self._next = after
        self._been: set[int] = set()  # by their hashes: a cursor may be as long as it likes
        self._ended = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if not self:
            raise StopIteration
        return self._waiting.popleft()

    def __bool__(self) -> bool:
        """Whether there is anything left; a page is fetched where that is not known yet."""
        while not self._waiting and not self._ended:
            self._waiting.extend(self._fetch().items)
        return bool(self._waiting)

    def pages(self) -> Iterator[Page[T]]:
        """Go on page by page; what is left of a page that was begun comes first."""
        if self._waiting:
            rest = tuple(self._waiting)
            self._waiting.clear()
            yield Page(rest, self._next)
        while not self._ended:
            yield self._fetch()

    def _fetch(self) -> Page[T]:
        call = self._call(self._next)
        page = self._runner.run(attrs.evolve(call, read=partial(self._read, call)))
        self._next = page.next
        self._ended = page.next is None
        return page

    def _read(self, call: Call[Page[T]], answer: Answer) -> Page[T]:
        page = call.read(answer)
        self._been.add(hash(self._next))
        if page.next is not None and hash(page.next) in self._been:
            raise unexpected(
                answer,
                f"The list goes round in circles (of: {call.feature})",
                remedy="Tell the gateway's operator, unless several threads went through this "
                "list: it is for one thread.",
            )
        return page


def read_page(answer: Answer, cls: type[M], *, what: str, items: str = "items") -> Page[M]:
    """Read a page of models; UnexpectedAnswer for what is none, or leads nowhere."""
    body = json_object(answer)
    found = body.get(items)
    if not isinstance(found, list):
        raise unexpected(answer, f"The answer holds no list to take a {what} from")
    following = text(body.get("next"))
    if following is not None and not sendable(following):
        raise unexpected(answer, f"The list doesn't say where to go on (of: {what})")
    return Page(tuple(read_model(cls, item, answer, what=what) for item in found), following)


def page_size(size: int) -> str:
    """How many items a page is to have, as it is asked for; ConfigurationError beyond 1 to 200."""
    if not 1 <= size <= LARGEST:
        raise ConfigurationError(
            f"A page has 1 to {LARGEST} items", remedy="Give another page_size, or none."
        )
    return str(size)
