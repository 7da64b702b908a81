"""The one place where a status changes (contract, section 3)."""

from __future__ import annotations

from typing import cast

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import IllegalTransition
from fulfillment_sdk.lifecycle import STATUSES, CaseStatus, find
from fulfillment_sdk.server.portal.advance import advance
from fulfillment_sdk.server.portal.desk import Desk
from tests.unit.server.portal.samples import CASE

# Refusals come before anything is read or written, so there is nothing to read or write with.
NO_DESK = cast("Desk", None)
NO_CONNECTION = cast("sa.Connection", None)


@pytest.mark.parametrize("previous", [None, *STATUSES])
def test_only_the_tables_steps_are_taken(previous: str | None) -> None:
    status = None if previous is None else CaseStatus(previous)
    case = attrs.evolve(CASE, status=status)
    for to in STATUSES:
        if find(status, to) is None:
            with pytest.raises(IllegalTransition) as caught:
                take(case_status=case.status, to=to)
            assert caught.value.new == to


def test_only_the_rows_actors_take_a_step() -> None:
    with pytest.raises(ValueError, match="actor"):
        take(case_status=CaseStatus.NEW, to="allocated", actor="qc", reason="assigned")
    with pytest.raises(ValueError, match="reason"):
        take(case_status=CaseStatus.NEW, to="allocated", actor="ops", reason="reassigned")


def take(
    *, case_status: CaseStatus | None, to: str, actor: str = "ops", reason: str = "assigned"
) -> None:
    advance(
        NO_DESK,
        NO_CONNECTION,
        attrs.evolve(CASE, status=case_status),
        CaseStatus(to),
        actor=actor,
        reason=reason,
        done_by="admin",
    )
