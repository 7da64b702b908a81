"""The portal's addresses: what is served where, to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.routing import Route

from fulfillment_sdk.server.http import with_and_without_slash
from fulfillment_sdk.server.portal import case_api, intake_api, office_api, partner_api
from fulfillment_sdk.server.portal.case_api import CaseWork, Expect
from fulfillment_sdk.server.portal.door import Door
from fulfillment_sdk.server.portal.files import partner_api as file_intake
from fulfillment_sdk.server.portal.files import staff_api as staff_files

ROOT: Final = "/portal/api/"


def routes(door: Door, expect: Expect) -> Sequence[Route]:
    """Return the portal's routes; ``expect`` hears of the timers that requests set."""
    work = CaseWork(expect)
    for_gateway = [
        ("intake/", "POST", intake_api.take_in),
        ("intake/cases/", "GET", partner_api.list_cases),
        ("intake/cases/{case_id}/", "GET", partner_api.show_case),
        ("intake/cases/{case_id}/cancel/", "POST", partner_api.cancel),
        ("intake/cases/{case_id}/report/", "GET", intake_api.report),
        ("intake/cases/{case_id}/report/", "POST", partner_api.reissue_report),
        ("intake/attachments/", "POST", file_intake.take),
        ("intake/cases/{case_id}/files/{file_id}/", "GET", file_intake.download),
    ]
    for_staff = [
        ("cases/", "GET", case_api.list_cases),
        ("cases/{case_id}/", "GET", case_api.show_case),
        ("cases/{case_id}/transitions/", "POST", work.take_step),
        ("cases/{case_id}/files/", "POST", staff_files.add),
        ("cases/{case_id}/files/{file_id}/", "GET", staff_files.download),
        ("cases/{case_id}/submissions/", "POST", work.submit),
        ("cases/{case_id}/qc-reviews/", "POST", work.review),
        ("workers/", "GET", office_api.list_workers),
        ("workers/", "POST", office_api.add_worker),
        ("staff/", "GET", office_api.list_staff),
        ("staff/", "POST", office_api.add_staff),
        ("staff/{staff_id}/", "DELETE", office_api.revoke_staff),
        ("deliveries/", "GET", office_api.list_deliveries),
        ("deliveries/{event_id}/replay/", "POST", office_api.replay),
    ]
    served: list[Route] = []
    for path, method, intake in for_gateway:
        endpoint = door.for_gateway(intake)
        served += with_and_without_slash(ROOT + path, endpoint, [method], f"portal:{path}")
    for path, method, handler in for_staff:
        endpoint = door.for_staff(handler)
        served += with_and_without_slash(ROOT + path, endpoint, [method], f"portal:{path}")
    return served
