"""Keys that no document has, and that are nearly one that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Final

from fulfillment_sdk.advice.labels import labels
from fulfillment_sdk.models._fields import Model, specs
from fulfillment_sdk.models.case import NewCase

# A case may have any number of keys of its own: that many are looked at, of a name's form alone.
_MOST: Final = 100
_KEY: Final = re.compile(r"[\w. -]{1,40}", re.ASCII)
_NEAR: Final = 0.8


def misspelt(case: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The paths of such keys, each with the documented key that was perhaps meant.

    One that is given too was hardly meant: unknown keys are legal. Nor are labels slips, which may
    stand beside any ``…_id``, or one more of what is numbered (``phone3``).
    """
    for path, key, model, given in islice(_unknown(NewCase, case, ""), _MOST):
        near = _nearest(model, key)
        if near and given.get(near) in (None, "", [], {}):
            yield path, near


def _unknown(
    model: Any,  # a type[Model], but mypy counts no class as hashable
    given: Mapping[str, object],
    prefix: str,
) -> Iterator[tuple[str, str, Any, Mapping[str, object]]]:
    known, parts = _form(model)
    if not given.keys() <= known:
        for key in given:
            if key not in known and _KEY.fullmatch(str(key)):
                yield f"{prefix}{key}", str(key), model, given
    for name, of in parts:
        inside = given.get(name)
        if isinstance(inside, Mapping):
            yield from _unknown(of, inside, f"{prefix}{name}.")
        elif isinstance(inside, list | tuple):
            for index, one in enumerate(inside):
                if isinstance(one, Mapping):
                    yield from _unknown(of, one, f"{prefix}{name}[{index}].")


@cache
def _form(model: Any) -> tuple[frozenset[str], tuple[tuple[str, type[Model]], ...]]:
    """The keys that a model may have, and its parts that are models too."""
    known = frozenset(spec.wire for spec in specs(model)) | frozenset(labels(model))
    return known, tuple((spec.wire, spec.of) for spec in specs(model) if spec.of is not None)


@lru_cache(maxsize=256)
def _nearest(model: Any, key: str) -> str:
    """The documented key that `key` nearly is, empty if there is none."""
    meant = {_letters(name): spec.wire for spec in specs(model) for name in (spec.name, spec.wire)}
    letters = _letters(key)
    if letters in meant:
        return meant[letters]
    if _base(letters) in map(_base, meant):
        return ""
    # Letters that changed places are the commonest slip, and count much in a short word.
    swapped = (one for one in meant if sorted(one) == sorted(letters))
    near = next(swapped, "") or "".join(get_close_matches(letters, meant, n=1, cutoff=_NEAR))
    return meant[near] if near else ""


def _letters(key: str) -> str:
    return re.sub(r"[\W_]", "", key).lower()


def _base(letters: str) -> str:
    return letters.rstrip("0123456789")
