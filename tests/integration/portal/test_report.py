"""The report, as the gateway fetches it (contract, sections 4 and 5)."""

from __future__ import annotations

import httpx
import pytest

from fulfillment_sdk.server.portal import reports
from tests.integration.portal.desk import ORGANIZATION, Desk


@pytest.fixture
async def case_id(desk: Desk) -> str:
    """Return a case that passed its quality check."""
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "qc_passed")
    return case_id


async def test_a_completed_case_has_a_pdf(desk: Desk, case_id: str) -> None:
    answer = await desk.report(case_id)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="HL-CMS-000001.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content.startswith(b"%PDF-")


async def test_it_stays_while_the_case_goes_on(desk: Desk, case_id: str) -> None:
    for to in ("reported", "in_payment_cycle", "payment_complete"):
        await desk.step(case_id, to)
        assert (await desk.report(case_id)).status_code == 200


@pytest.mark.parametrize("status", ["new", "submitted", "qc_rejected", "cancelled"])
async def test_no_other_case_has_one(desk: Desk, status: str) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, status)
    assert not_found(await desk.report(case_id))


async def test_another_organization_learns_nothing(desk: Desk, case_id: str) -> None:
    theirs = await desk.report(case_id, organization_id="another")
    unknown = await desk.report("case_0", organization_id="another")
    assert not_found(theirs)
    assert (theirs.status_code, theirs.content) == (unknown.status_code, unknown.content)
    assert not_found(await desk.report(case_id, organization_id=""))


async def test_it_expires(desk: Desk, case_id: str) -> None:
    desk.clock.advance(reports.LIFETIME - 1)
    assert (await desk.report(case_id)).status_code == 200
    desk.clock.advance(1)
    answer = await desk.report(case_id)
    assert answer.status_code == 410
    assert answer.json()["message"] == "The report has expired"


async def test_only_the_gateway_fetches_it(desk: Desk, case_id: str) -> None:
    answer = await desk.get(
        f"intake/cases/{case_id}/report/",
        token=desk.settings.staff_token,
        organization_id=ORGANIZATION,
    )
    assert answer.status_code == 401


def not_found(answer: httpx.Response) -> bool:
    return answer.status_code == 404 and answer.json()["message"] == "Not found"
