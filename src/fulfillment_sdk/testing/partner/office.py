"""The portal's people, who work on a case through the portal's API (contract, section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import requests

from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models import CreatedCase
from fulfillment_sdk.testing.partner.paths import ahead

_SECONDS: Final = 20.0
_FORM: Final = {"form_name": "home_visit", "data": {"visited": True}, "final": True}

# The steps that more belongs to than a status: what is posted where, beside `transitions/`.
_CALLS: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "submitted": ("submissions/", {**_FORM, "outcome": "positive"}),
    "qc_passed": ("qc-reviews/", {"result": "pass", "comments": "All there."}),
    "qc_rejected": ("qc-reviews/", {"result": "reject", "reason_code": "insufficient_evidence"}),
    "qc_rework": ("qc-reviews/", {"result": "rework", "instructions": "One more photo."}),
}


class Office:
    """Everybody who acts on a case in the portal, as an admin who may act for all of them.

    Args:
        session: what speaks HTTP.
        address: the portal's.
        token: a staff token.
    """

    def __init__(self, session: requests.Session, address: str, token: str) -> None:
        self._session = session
        self._base = f"{address}/portal/api/"
        self._headers = {"Authorization": f"Bearer {token}"}

    def hire(self, name: str = "Amina Otieno") -> None:
        """Enter a worker, whom cases can be allocated to."""
        self.post("workers/", {"name": name})

    def status(self, case: CreatedCase | str) -> CaseStatus:
        """Return where a case is."""
        return CaseStatus(self.get(f"cases/{_id(case)}/")["status"])

    def move(self, case: CreatedCase | str, to: str, **more: object) -> None:
        """Take one step; `more` goes into the call's body (`actor`, `reason`, `outcome`, …).

        Raises:
            FulfillmentError: the portal refuses it.
        """
        call, body = _CALLS.get(to, ("transitions/", {"to": to}))
        self.post(f"cases/{_id(case)}/{call}", {**body, **more})

    def drive(
        self,
        case: CreatedCase | str,
        path: str | Iterable[str] = "happy",
        *,
        until: str | None = None,
    ) -> tuple[CaseStatus, ...]:
        """Take a case along a path, and return the statuses that it went through.

        Args:
            case: the case, or its id.
            path: a name of `PATHS`, or statuses to be taken one after the other.
            until: where to stop; the same path may be gone on later.

        Raises:
            ConfigurationError: there is no such path, or it does not come by where the case is.
            IllegalTransition: the lifecycle has no such step.
            FulfillmentError: the portal refuses one.
        """
        steps = ahead(path, status=self.status(case), until=until)
        for step in steps:
            self.move(case, step)
        return tuple(steps)

    def get(self, path: str) -> dict[str, Any]:
        """Read something of the portal's API."""
        return self._call("GET", path, 200)

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Do something by the portal's API."""
        return self._call("POST", path, 201, json=body)

    def _call(self, method: str, path: str, wanted: int, **more: Any) -> dict[str, Any]:
        answer = self._session.request(
            method, self._base + path, headers=self._headers, timeout=_SECONDS, **more
        )
        if answer.status_code != wanted:
            said = answer.text[:200].strip()
            raise FulfillmentError(
                f"The portal answered {answer.status_code} to {method} {path}: {said}"
            )
        found: dict[str, Any] = answer.json()
        return found


def _id(case: CreatedCase | str) -> str:
    return case if isinstance(case, str) else case.id
