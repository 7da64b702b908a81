"""Answers into models: tolerant of everything but a missing identity (contract, section 6)."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import attrs

from fulfillment_sdk import wire
from fulfillment_sdk.client.calls.answers import unexpected
from fulfillment_sdk.client.calls.call import Answer
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models._fields import Model

M = TypeVar("M", bound=Model)

_TOP: Final = re.compile(r"[^.\[]+")


def read_model(cls: type[M], item: object, answer: Answer, *, what: str) -> M:
    """Read `item`, a part of `answer`; what is empty or mistyped counts as absent, `raw` has it.

    Raises UnexpectedAnswer, which names `what`, if it is no object or lacks what makes it one.
    """
    if not isinstance(item, dict):
        raise unexpected(answer, f"The answer holds no {what}")
    fields = {key: value for key, value in item.items() if value != ""}
    while True:
        try:
            read = wire.load(cls, fields)
        except PayloadError as error:
            unread = error.path
        else:
            return read if len(fields) == len(item) else _with_raw(read, item)
        top = _TOP.match(unread)
        if top is None or fields.pop(top[0], None) is None:
            raise unexpected(answer, f"The answer holds no {what}: {unread} is missing")


def _with_raw(read: M, item: object) -> M:
    model: Any = read  # mypy asks for an attrs class, which a type variable is not
    evolved: M = attrs.evolve(model, raw=item)
    return evolved
