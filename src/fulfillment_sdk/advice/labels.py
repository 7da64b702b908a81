"""Labels without the id that they stand for, or in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from fulfillment_sdk.advice.sight import Sight
from fulfillment_sdk.advice.words import word
from fulfillment_sdk.models._fields import Model, specs
from fulfillment_sdk.models.case import NewCase, Perpetrator, Person

_ID: Final = "_id"
_NUMBERED: Final = ("priority", "status")


def without_id(sight: Sight) -> Iterator[str]:
    """``sex`` without ``sex_id``, ``age_group`` without ``age_group_id``, and all of their kind.

    The models know two labels; a case may carry others beside any documented ``…_id`` field.
    """
    for one in sight.people:
        for label in _alone(one.fields, _labels_of_a_person()):
            yield f"{one.path}.{label}"
    yield from _alone(sight.case, _labels_of_a_case())


def in_words(sight: Sight) -> Iterator[str]:
    """``high`` where ``"1"`` is meant: a server keeps it, and nobody knows what it stands for.

    Other numbers than the documented ones may be the server's own.
    """
    for name in _NUMBERED:
        if any(map(str.isalpha, word(sight.case.get(name)))):
            yield name


def _alone(fields: Mapping[str, object], labels: tuple[str, ...]) -> Iterator[str]:
    for label in labels:
        if label in fields and word(fields[label]) and not word(fields.get(label + _ID)):
            yield label


@cache
def _labels_of_a_person() -> tuple[str, ...]:
    return labels(Perpetrator, Person)


@cache
def _labels_of_a_case() -> tuple[str, ...]:
    return labels(NewCase)


def labels(*models: type[Model]) -> tuple[str, ...]:
    """What the ``…_id`` fields of some models are ids of: ``sex``, ``age_group``, …"""
    names = (spec.wire for model in models for spec in specs(model))
    return tuple(dict.fromkeys(n.removesuffix(_ID) for n in names if n.endswith(_ID)))
