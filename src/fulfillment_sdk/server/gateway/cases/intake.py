"""Creating one case, exactly once, however often it is asked for (contract, section 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import sqlalchemy as sa
from attrs import field, frozen

from fulfillment_sdk import casefile
from fulfillment_sdk.server.gateway.cases import reservations
from fulfillment_sdk.server.gateway.cases.reservations import Claim
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.upstream import IntakeAnswer


@frozen
class Outcome:
    """How a request for a case ended; ``body`` goes to the partner byte for byte."""

    kind: Literal["created", "refused", "unavailable", "busy", "conflict"]
    body: bytes = field(default=b"", repr=False)


async def create_case(
    context: Context,
    *,
    organization_id: str,
    case: Mapping[str, object],
    idempotency_key: str,
    request_id: str,
) -> Outcome:
    """Make one case of a valid request, whatever repeats it, and say how that ended.

    ``idempotency_key`` is ``""`` where the request has none. No transaction is open while the
    portal is called. Raises ``StoreUnavailable``: then the same request may be repeated safely.
    """
    digests = reservations.key_digests(idempotency_key, _src_uid(case))
    digest = casefile.digest(dict(case))

    def claim() -> Callable[[sa.Connection], Claim]:
        names = {"intake_id": context.ids("int"), "holder": context.ids("hold")}
        return lambda connection: reservations.claim(
            connection,
            context.store.sealer,
            organization_id=organization_id,
            key_digests=digests,
            digest=digest,
            now=context.store.now(connection),  # gateways' clocks differ
            **names,
        )

    claimed = await _claimed(context, claim())
    for pause in reservations.WAITS:
        if claimed.kind != "wait":
            break
        await context.sleep(pause)
        claimed = await _claimed(context, claim())
    if claimed.kind == "wait":
        return Outcome("busy")
    if claimed.kind == "conflict":
        return Outcome("conflict")
    if claimed.kind == "replay":
        return Outcome("created", claimed.answer)
    answer = await context.portal.create_case(
        intake_id=claimed.intake_id,
        organization_id=organization_id,
        case=case,
        request_id=request_id,
    )
    return await _settle(context, organization_id, claimed, answer)


async def _settle(
    context: Context, organization_id: str, claimed: Claim, answer: IntakeAnswer
) -> Outcome:
    if answer.kind == "created":
        await context.store.write(
            lambda connection: reservations.record(
                connection,
                context.store.sealer,
                organization_id=organization_id,
                intake_id=claimed.intake_id,
                answer=answer,
                now=context.clock(),
            )
        )
        return Outcome("created", answer.body)
    settle = reservations.drop if answer.kind == "refused" else reservations.let_go
    await context.store.write(
        lambda connection: settle(connection, intake_id=claimed.intake_id, holder=claimed.holder)
    )
    return Outcome("refused", answer.body) if answer.kind == "refused" else Outcome("unavailable")


async def _claimed(context: Context, work: Callable[[sa.Connection], Claim]) -> Claim:
    """Reserve; whose key another process reserved at this moment waits like any second request."""
    try:
        return await context.store.write(work)
    except sa.exc.IntegrityError:
        return Claim("wait")


def _src_uid(case: Mapping[str, object]) -> str:
    value = case.get("src_uid")
    return "" if value is None else str(value).strip()
