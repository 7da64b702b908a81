"""The two other parties' people: who reads the mailbox, and who works on the case."""

from __future__ import annotations

import re
from collections.abc import Mapping

import requests

from fulfillment_sdk.errors import FulfillmentError

_SECONDS = 10.0
_CODE = re.compile(r"\b[0-9]{6}\b")


class Staff:
    """Works in the portal through its staff API (contract, section 7)."""

    def __init__(self, session: requests.Session, address: str, token: str) -> None:
        self._session = session
        self._base = f"{address}/portal/api/"
        self._headers = {"Authorization": f"Bearer {token}"}

    def hire(self, name: str) -> None:
        """Enter a worker."""
        self._post("workers/", {"name": name})

    def allocate(self, case_id: str) -> None:
        """Allocate the case; without a worker's name it is the least loaded one's."""
        self._post(f"cases/{case_id}/transitions/", {"to": "allocated"})

    def start(self, case_id: str) -> None:
        """Begin to work on the case."""
        self._post(f"cases/{case_id}/transitions/", {"to": "in_progress"})

    def submit(self, case_id: str) -> None:
        """Submit the filled-in form, the final one."""
        form = {
            "form_name": "home_visit",
            "data": {"visited": True, "client_safe": True, "referral": "medical"},
            "final": True,
            "outcome": "positive",
        }
        self._post(f"cases/{case_id}/submissions/", form)

    def approve(self, case_id: str) -> None:
        """Pass the quality check."""
        review = {"result": "pass", "comments": "Complete and consistent."}
        self._post(f"cases/{case_id}/qc-reviews/", review)

    def _post(self, path: str, body: Mapping[str, object]) -> None:
        url = self._base + path
        try:
            answer = self._session.post(url, json=body, headers=self._headers, timeout=_SECONDS)
        except requests.RequestException as error:
            raise FulfillmentError(f"The portal did not answer to POST {path}") from error
        if answer.status_code != 201:
            raise FulfillmentError(f"The portal answered {answer.status_code} to POST {path}")


def code_from_mailbox(session: requests.Session, address: str, email: str) -> str:
    """Return the code of the newest mail to `email` in the development mailbox."""
    try:
        answer = session.get(f"{address}/dev/mailbox/", params={"to": email}, timeout=_SECONDS)
    except requests.RequestException as error:
        raise FulfillmentError("The development mailbox did not answer") from error
    mails: object = answer.json() if answer.status_code == 200 else []
    newest: object = mails[0] if isinstance(mails, list) and mails else {}
    found = _CODE.search(str(newest.get("text"))) if isinstance(newest, dict) else None
    if found is None:
        raise FulfillmentError("The development mailbox holds no mail with a code")
    return found[0]
