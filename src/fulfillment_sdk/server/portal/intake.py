"""Intake: how a case comes into being, once however often it is handed in (contract, section 2)."""

from __future__ import annotations

import re
from typing import Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk import casefile, lifecycle, strictjson
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.lifecycle import Actor
from fulfillment_sdk.server.portal import cases
from fulfillment_sdk.server.portal.advance import advance
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.desk import Desk, next_number
from fulfillment_sdk.server.portal.due import turnaround
from fulfillment_sdk.server.portal.files import attachments
from fulfillment_sdk.server.portal.refusal import Refusal
from fulfillment_sdk.server.portal.schema import CASES
from fulfillment_sdk.store.prepared import Prepared
from fulfillment_sdk.times import format_seconds

BODY_LIMIT: Final = 2 * 1024 * 1024
"""The case of a partner (1 MiB) and what the gateway puts around it, in bytes."""
QUEUE: Final = "intake"
"""Whom a new case is assigned to: the queue that operations works through."""
DONE_BY: Final = "intake"

_KEY: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}", re.ASCII)


@attrs.frozen(kw_only=True)
class Order:
    """What the gateway hands in: whose case, under which key of the gateway's own."""

    intake_id: str
    organization_id: str
    case: dict[str, object] = attrs.field(repr=False)

    @property
    def digest(self) -> str:
        """What two orders of one ``intake_id`` must have in common, besides the organisation."""
        return casefile.digest(self.case)


def read(body: bytes) -> Order:
    """Read the gateway's request; ``Refusal`` 422 where it is none.

    A 400 would go through to the partner, whom a mistake between our two hops does not concern.
    """
    try:
        # One level deeper than a case may be: the envelope.
        envelope = strictjson.parse_object(body, depth=strictjson.MAX_DEPTH + 1)
    except PayloadError:
        raise Refusal(422, "Invalid intake request") from None
    intake_id, organization_id = envelope.get("intake_id"), envelope.get("organization_id")
    case = envelope.get("case")
    if not (_is_key(intake_id) and _is_key(organization_id) and isinstance(case, dict)):
        raise Refusal(422, "Invalid intake request")
    return Order(intake_id=str(intake_id), organization_id=str(organization_id), case=case)


def take_in(desk: Desk, connection: sa.Connection, order: Order) -> bytes:
    """Create the case, or find the one that this order made before, and return the 201's body.

    Raises ``Refusal``: 400 in the contract's words for a bad case or an attachment that is not
    there for it, 409 where the ``intake_id`` was used for something else.
    """
    known = _recorded(desk, connection, order)
    if known is not None:
        return known
    now = desk.clock()
    problem = casefile.first_problem(order.case, now=now)
    if problem is not None:
        raise Refusal(400, problem.message)
    case = _new_case(desk, connection, order, now)
    answer = strictjson.dumps(
        {
            "id": case.id,
            "status": "open",
            "created_at": format_seconds(now),
            "assigned_to": case.assigned_to,
            "reference_number": case.reference_number,
        }
    )
    cases.insert(
        desk,
        connection,
        case,
        intake_id=order.intake_id,
        digest=order.digest,
        request=order.case,
        answer=answer,
    )
    attachments.use(connection, order.case, case_id=case.id, organization_id=order.organization_id)
    advance(
        desk,
        connection,
        case,
        lifecycle.NEW,
        actor=Actor.PARTNER,
        reason="created",
        done_by=DONE_BY,
    )
    return answer


def _recorded(desk: Desk, connection: sa.Connection, order: Order) -> bytes | None:
    rows = _RECORDED.run(connection, key=order.intake_id)
    if not rows:
        return None
    ((case_id, organization_id, digest, answer),) = rows
    if (organization_id, digest) != (order.organization_id, order.digest):
        raise Refusal(409, "Idempotency key reused with a different request")
    return desk.store.sealer.open(answer, f"portal_cases.answer:{case_id}")


_RECORDED = Prepared(
    lambda _: sa.select(
        CASES.c.id, CASES.c.organization_id, CASES.c.intake_digest, CASES.c.answer
    ).where(CASES.c.intake_id == sa.bindparam("key"))
)


def _new_case(desk: Desk, connection: sa.Connection, order: Order, now: float) -> Case:
    number = next_number(connection, "cases")
    return Case(
        id=desk.ids("case"),
        number=number,
        reference_number=f"HL-CMS-{number:06d}",
        organization_id=order.organization_id,
        status=None,
        assigned_to=QUEUE,
        worker_id=None,
        sequence=0,
        work_round=0,
        outcome=None,
        request_size=len(strictjson.dumps(order.case)),
        created_at=now,
        updated_at=now,
        completed_at=None,
        tat_due_at=turnaround(order.case, created_at=now),
        due_at=None,
        category_id=cases.category_of(order.case),
    )


def _is_key(value: object) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None
