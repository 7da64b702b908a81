"""A case as the checks look at it: its persons with their paths, and the moment that counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from attrs import field, frozen

from fulfillment_sdk.advice.stories import Story, stories
from fulfillment_sdk.advice.words import word

_SECONDS: Final = re.compile(r"[0-9]{9,10}(\.[0-9]{1,6})?")
_LISTS: Final = ("clients_case", "perpetrators_case")


@frozen
class Someone:
    """A reporter, client or perpetrator, and the path that leads there."""

    path: str
    fields: Mapping[str, object] = field(repr=False)

    def word(self, name: str) -> str:
        """The text of a field, empty where there is none."""
        return word(self.fields.get(name))


@frozen
class Sight:
    """What the checks are given; ``at`` is the moment of the case in epoch seconds."""

    case: Mapping[str, object] = field(repr=False)
    people: tuple[Someone, ...]
    stories: tuple[Story, ...]
    at: float
    now: float
    defaults: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, case: Mapping[str, object], *, now: float, defaults: Mapping[str, str]) -> Sight:
        """Look at a parsed request body of any content."""
        stamp = word(case.get("src_ts"))
        at = float(stamp) if _SECONDS.fullmatch(stamp) else now
        people = tuple(_people(case))
        told = tuple(stories(case, {one.path: one.fields for one in people}))
        return cls(case, people, told, at, now, defaults)


def _people(case: Mapping[str, object]) -> Iterator[Someone]:
    if isinstance(reporter := case.get("reporter"), Mapping):
        yield Someone("reporter", reporter)
    for name in _LISTS:
        if isinstance(group := case.get(name), list | tuple):
            for index, one in enumerate(group):
                if isinstance(one, Mapping):
                    yield Someone(f"{name}[{index}]", one)
