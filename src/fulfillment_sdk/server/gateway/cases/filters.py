"""What a partner's list of cases is narrowed down by: each filter an exact value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import sqlalchemy as sa
from starlette.datastructures import QueryParams

from fulfillment_sdk import lifecycle
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.cases.reservations import key_digests
from fulfillment_sdk.server.gateway.schema import keys

_REFERENCE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}", re.ASCII)

FILTERS: Final[Mapping[str, Callable[[str], bool]]] = {
    "status": lambda text: text in lifecycle.STATUSES,
    "reference_number": lambda text: _REFERENCE.fullmatch(text) is not None,
    "src_uid": lambda text: text.strip() != "",
}
"""The filters, and what a value of each is."""


def read(query: QueryParams) -> dict[str, str]:
    """Return the filters that a request has; raises ``Refused`` with the 400.

    An empty one is refused, not left out: a list of everything in answer to a lost ``src_uid``
    would be taken for what was looked for.
    """
    given = {name: query.getlist(name) for name in FILTERS if name in query}
    for name, values in given.items():
        if len(values) != 1 or not FILTERS[name](values[0]):
            raise Refused(answers.invalid(name))
    return {name: value.strip() for name, [value] in given.items()}


def intake_of(connection: sa.Connection, organization_id: str, src_uid: str) -> str | None:
    """Return under which key of ours the portal was handed the case of a ``src_uid``.

    Also where no answer came back: that is when a partner looks its case up. ``None``: no case was
    asked for under it, or longer ago than its reservation is kept.
    """
    statement = sa.select(keys.c.intake_id).where(
        keys.c.organization_id == organization_id, keys.c.key.in_(key_digests("", src_uid))
    )
    return connection.execute(statement).scalar_one_or_none()
