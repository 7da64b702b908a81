"""Cases that move on and on, whatever is being killed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import requests

from fulfillment_sdk import Client
from fulfillment_sdk.cli.demo.case import physical_abuse
from fulfillment_sdk.client.exchange.retry import Retries
from tests.journeys._server import SECONDS, ServerProcess
from tests.journeys._staff import Staff

FORM: dict[str, object] = {"form_name": "home_visit", "data": {"visited": True}, "final": True}
WAY: Sequence[tuple[str, str, dict[str, object]]] = (
    ("allocated", "transitions", {"to": "allocated"}),
    ("in_progress", "transitions", {"to": "in_progress"}),
    ("submitted", "submissions", FORM),
    ("qc_rework", "qc-reviews", {"result": "rework", "instructions": "Photos, please."}),
    ("in_progress", "transitions", {"to": "in_progress"}),
    ("submitted", "submissions", FORM),
    ("qc_passed", "qc-reviews", {"result": "pass"}),
)
"""A case's way: the status, the call that leads there, and its body."""

EVENTS = len(WAY) + 2
"""A case's events on that way: its creation comes before, its completion after."""


class Story:
    """Some people who take case after case along `WAY` until they are told to end.

    What is away is waited for, and then the same is asked again, as real callers do.
    """

    def __init__(self, gateway: ServerProcess, portal: ServerProcess, token: str) -> None:
        self._portal = portal
        self._all_up = threading.Event()
        self._all_up.set()
        self._ending = threading.Event()
        self._steps = 0
        self._moved = threading.Condition()
        self._errors: list[BaseException] = []
        self.cases: list[str] = []
        self.accepted: set[str] = set()
        self.client = Client(
            base_url=gateway.address,
            token=token,
            retries=Retries(tries=50, sleep=lambda _seconds: self._wait()),
        )

    @contextmanager
    def going_on(self, people: int = 3) -> Iterator[None]:
        """Have `people` at work while the block runs; then they finish what they have begun."""
        self._ending.clear()
        self._case()  # by its answer the client knows what the server offers
        threads = [threading.Thread(target=self._work) for _ in range(people)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._all_up.set()
            for thread in threads:
                thread.join(SECONDS)
        assert self._errors == []
        assert not [thread for thread in threads if thread.is_alive()]

    def wait_for(self, steps: int) -> None:
        """Wait until so many further requests are on their way."""
        with self._moved:
            goal = self._steps + steps
            assert self._moved.wait_for(lambda: self._steps >= goal, SECONDS), self._errors

    @contextmanager
    def one_away(self) -> Iterator[None]:
        """Those whose requests fail wait until the block ends."""
        self._all_up.clear()
        try:
            yield
        finally:
            self._all_up.set()

    def history(self) -> dict[str, list[str]]:
        """Return the transitions of each case as the portal has them."""
        staff, found = Staff(self._portal), {}
        for case_id in self.cases:
            entries = staff.get(f"cases/{case_id}/")["history"]
            assert isinstance(entries, list)
            found[case_id] = [entry["id"] for entry in entries]
        return found

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()

    def _wait(self) -> None:
        assert self._all_up.wait(SECONDS)

    def _work(self) -> None:
        try:
            while not self._ending.is_set():
                self._case()
        except BaseException as error:  # noqa: BLE001 the main thread shows it
            self._errors.append(error)

    def _case(self) -> None:
        self._one_more()
        case_id = self.client.cases.create(physical_abuse()).id
        self.cases.append(case_id)
        for status, call, body in WAY:
            self._step(f"cases/{case_id}/{call}/", body, status)

    def _step(self, path: str, body: dict[str, object], status: str) -> None:
        answer = self._answered(lambda: self._post(path, body))
        for _ in range(20):
            if answer is not None and answer.status_code != 503:
                break
            self._wait()
            answer = self._answered(lambda: self._post(path, body))
            if answer is not None and f"from '{status}' to" in answer.text:
                return  # it was done before the answer got lost
        assert answer is not None
        assert answer.status_code == 201, answer.text
        self.accepted.add(answer.json().get("transition", answer.json())["id"])

    def _post(self, path: str, body: dict[str, object]) -> requests.Response:
        self._one_more()
        headers = {"Authorization": f"Bearer {self._portal.staff_token}"}
        url = f"{self._portal.address}/portal/api/{path}"
        return requests.post(url, json=body, headers=headers, timeout=SECONDS)

    @staticmethod
    def _answered(ask: Callable[[], requests.Response]) -> requests.Response | None:
        try:
            return ask()
        except requests.RequestException:
            return None

    def _one_more(self) -> None:
        with self._moved:
            self._steps += 1
            self._moved.notify_all()
