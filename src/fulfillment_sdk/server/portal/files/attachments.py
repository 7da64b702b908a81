"""Attachments: uploaded by a partner first, then referred to by one case of theirs.

Contract, section 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import sqlalchemy as sa

from fulfillment_sdk.server.coordination import locks
from fulfillment_sdk.server.portal.files import rows
from fulfillment_sdk.server.portal.files.rows import Place
from fulfillment_sdk.server.portal.refusal import Refusal
from fulfillment_sdk.server.portal.schema import FILES

KEPT_UNUSED: Final = 24 * 3600.0
"""For how long an attachment waits for the case that refers to it, in seconds."""
MOST_UNUSED: Final = 200
"""How many attachments of an organisation wait at most, unfinished uploads included."""


def references(case: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield path and id of every attachment that a case refers to; blank ids are none. Pure."""
    listed = case.get("attachments_case")
    for index, each in enumerate(listed if isinstance(listed, list) else ()):
        named = each.get("attachment_id") if isinstance(each, Mapping) else None
        attachment_id = "" if named is None else str(named).strip()
        if attachment_id:
            yield f"attachments_case[{index}].attachment_id", attachment_id


def place(connection: sa.Connection, organization_id: str) -> Place:
    """Say where a partner's upload belongs; ``Refusal`` 429 where too many are unused already."""
    locks.hold(connection, f"portal attachments {organization_id}")
    waiting = connection.execute(
        sa.select(sa.func.count())
        .select_from(FILES)
        .where(FILES.c.organization_id == organization_id, FILES.c.case_id.is_(None))
    )
    if waiting.scalar_one() >= MOST_UNUSED:
        raise Refusal(429, "Too many unused attachments: create the cases that refer to them")
    return Place(organization_id=organization_id, origin=rows.PARTNER, done_by=rows.PARTNER)


def use(
    connection: sa.Connection,
    case: Mapping[str, object],
    *,
    case_id: str,
    organization_id: str,
) -> None:
    """Give the attachments that a new case refers to, to it; its row is there already.

    Raises ``Refusal`` 400 for the first that is not there, used, or another organisation's: all
    three read alike. No second case gets it meanwhile, since the attachment's row is locked.
    """
    for position, (path, attachment_id) in enumerate(references(case)):
        free = sa.and_(
            FILES.c.id == attachment_id,
            FILES.c.organization_id == organization_id,
            FILES.c.origin == rows.PARTNER,
            FILES.c.case_id.is_(None),
            FILES.c.stored_at.is_not(None),
        )
        taken = 0
        if position < rows.MOST and "\0" not in attachment_id:
            taken = connection.execute(
                sa.update(FILES).where(free).values(case_id=case_id, position=position)
            ).rowcount
        if not taken:
            raise Refusal(400, f"Invalid value for field: {path}")
