"""The portal's people, through its staff API (contract, section 7)."""

from __future__ import annotations

import requests

from ._server import SECONDS, ServerProcess


class Staff:
    """Drives cases at a portal."""

    def __init__(self, portal: ServerProcess) -> None:
        self._base = f"{portal.address}/portal/api/"
        self._headers = {"Authorization": f"Bearer {portal.staff_token}"}

    def get(self, path: str) -> dict[str, object]:
        answer = requests.get(self._base + path, headers=self._headers, timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    def post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        url = self._base + path
        answer = requests.post(url, json=body, headers=self._headers, timeout=SECONDS)
        assert answer.status_code == 201, answer.text
        made: dict[str, object] = answer.json()
        return made

    def hire(self) -> None:
        self.post("workers/", {"name": "Amina Otieno"})

    def move(self, case_id: str, to: str) -> None:
        self.post(f"cases/{case_id}/transitions/", {"to": to})

    def submit(self, case_id: str) -> None:
        form = {"form_name": "home_visit", "data": {"visited": True, "notes": "Žofie"}}
        self.post(f"cases/{case_id}/submissions/", {**form, "final": True, "outcome": "positive"})

    def approve(self, case_id: str) -> None:
        review: dict[str, object] = {"result": "pass", "comments": "All there."}
        self.post(f"cases/{case_id}/qc-reviews/", review)

    def pending(self) -> int:
        """Return how many notifications wait for the gateway."""
        items = self.get("deliveries/?state=pending")["items"]
        assert isinstance(items, list)
        return len(items)
