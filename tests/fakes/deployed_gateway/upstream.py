"""The CMS behind the gateway: what it makes of a complaint, and how a test has it misbehave."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final


class Behaviour(enum.Enum):
    """What the upstream does with a case."""

    CREATES = "creates"
    EMPTY_CASES = "empty-cases"  # says yes, and lists no case
    FAILS = "fails"  # 500
    CHOKES = "chokes"  # answers what breaks the gateway itself


class WorkerKilled(Exception):
    """The gateway's only worker hung for longer than it may; the caller gets no answer."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """What the upstream tells of a case; the defaults stand for a row that is too short."""

    status: str = "Unknown"
    assessment: str = "Unknown"
    category: str = "Unknown"
    subcategory: str = ""
    type: str = ""


OPEN: Final = CaseRow("Ongoing", "^Follow-up needed", "Abuse", "Physical Abuse", "Slapping")


@dataclass(slots=True)
class Upstream:
    """The upstream and its switches.

    `cases` is what it was asked to create and did, `rows` what it knows of a case by its id: None
    is an empty list, an id that is not there a 404. `seconds` is how long it takes (by `sleep`).
    Between `hang()` and `release()` it answers nobody, though it has done its work; a worker waits
    for `worker_limit` seconds. `reached` is set once somebody is waiting.
    """

    behaviour: Behaviour = Behaviour.CREATES
    configured: bool = True
    seconds: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    worker_limit: float = 30.0
    next_id: int = 31661
    cases: list[Mapping[str, object]] = field(default_factory=list)
    rows: dict[str, CaseRow | None] = field(default_factory=dict)
    reached: threading.Event = field(default_factory=threading.Event, repr=False)
    _open: threading.Event = field(default_factory=threading.Event, repr=False)

    def __post_init__(self) -> None:
        self._open.set()

    def hang(self) -> None:
        """Take what comes, and answer no more."""
        self.reached.clear()
        self._open.clear()

    def release(self) -> None:
        """Answer what waits, and what comes."""
        self._open.set()

    def create(self, case: Mapping[str, object]) -> str | None:
        """The id of the new case, None where there is none. Raises WorkerKilled."""
        identifier = None
        if self.behaviour is Behaviour.CREATES:
            identifier = str(self.next_id)
            self.next_id += 1
            self.cases.append(case)
            self.rows[identifier] = OPEN
        if self.seconds:
            self.sleep(self.seconds)
        self.reached.set()
        if not self._open.wait(self.worker_limit):
            raise WorkerKilled
        return identifier


def passed_on(data: Mapping[str, object], at: float) -> dict[str, object]:
    """What of a complaint the gateway gives to the upstream: little, and much of it made up."""
    client = _first(data.get("clients_case"))
    uid = f"walkin-100-{int(at)}"
    return {
        "src": "webform",
        "src_uid": uid,
        "src_uid2": f"{uid}-2",
        "reporters_uuid": client,
        "clients_case": [client],
        "perpetrators_case": [_first(data.get("perpetrators_case"))],
        "attachments_case": [],
        "services": [],
        "case_category_id": "362484",
        "narrative": data.get("narrative"),
        "plan": "---",
        "priority": "1",
        "status": "1",
        "gbv_related": "0",
    }


def _first(persons: object) -> dict[str, object]:
    person = persons[0] if isinstance(persons, list) and persons else None
    given = person if isinstance(person, dict) else {}
    return {"fname": given.get("fname", ""), "age": given.get("age", "")}
