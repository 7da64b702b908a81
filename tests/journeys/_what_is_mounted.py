"""What holds of a receiver in whatever application and under whatever server."""

from __future__ import annotations

import signal
import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.unit.plugins.bodies import case_completed

from ._mounted import SECRET, Mounted, newest, notifications

EVENTS = 8
LARGE = 3 * 2**20  # more than Django takes by itself


def some_case() -> str:
    return f"case_{uuid.uuid4().hex[:8]}"


class WhatIsMounted:
    """A module that serves examples inherits these, as a class whose name begins with `Test`."""

    def test_what_is_sent_is_stored_once_and_reaches_the_application(
        self, mounted: Mounted
    ) -> None:
        case = some_case()
        sent = list(notifications(case, EVENTS))

        assert [mounted.send(body, event_id).status_code for body, event_id in sent] == (
            [202] * EVENTS
        )
        assert [mounted.send(body, event_id).status_code for body, event_id in sent] == (
            [200] * EVENTS
        )
        mounted.until("arrival of the last", lambda: newest(mounted, case) == EVENTS)

    def test_what_comes_to_all_workers_at_once_is_stored_too(self, mounted: Mounted) -> None:
        cases = [some_case() for _ in range(6)]

        def send(case: str) -> list[int]:
            sent = notifications(case, EVENTS)
            return [mounted.send(*one, fresh=True).status_code for one in sent]

        with ThreadPoolExecutor(len(cases)) as gateways:
            answers = list(gateways.map(send, cases))

        assert answers == [[202] * EVENTS] * len(cases)
        mounted.until(
            "arrival of all", lambda: {newest(mounted, case) for case in cases} == {EVENTS}
        )

    def test_nothing_of_a_framework_gets_between_a_notification_and_its_answer(
        self, mounted: Mounted
    ) -> None:
        event_id = f"evt_{some_case()}"
        body = case_completed(event_id).replace(
            b'"request": {}', b'"request": {"narrative": "' + b"x" * LARGE + b'"}'
        )
        assert len(body) > LARGE

        answers = [
            mounted.send(body, event_id),
            mounted.send(body + b" ", event_id),
            mounted.send(body, event_id, {"webhook-signature": "v1,AAAA"}),
            mounted.send(body, event_id, {"webhook-id": f"{event_id}x"}),
            mounted.send(body, event_id, {"Content-Type": "text/plain"}),
            mounted.send(body, event_id, {"Content-Encoding": "gzip"}),
            mounted.get(mounted.example.path),
            mounted.send(b" " * (16 * 2**20 + 1), event_id),  # some servers hang up after it
        ]

        statuses = [answer.status_code for answer in answers]
        assert statuses == [202, 202, 401, 401, 415, 415, 405, 413]
        assert {answer.headers["content-type"] for answer in answers} == {"application/json"}

    def test_a_kill_of_all_its_processes_loses_nothing_that_was_acknowledged(
        self, mounted: Mounted
    ) -> None:
        case = some_case()
        sent = list(notifications(case, EVENTS))
        for body, event_id in sent:
            assert mounted.send(body, event_id).status_code == 202
        mounted.signal_all(signal.SIGKILL)

        mounted.start()

        assert mounted.send(*sent[0]).status_code == 200
        mounted.until("arrival of what was pending", lambda: newest(mounted, case) == EVENTS)

    def test_no_log_has_a_secret_or_what_was_sent(self, mounted: Mounted) -> None:
        body = b'{"id": "evt_odd", "type": "case.completed", "data": {"narrative": "hush hush"}}'
        mounted.send(body, "evt_odd")
        mounted.send(body, "evt_odd", {"webhook-signature": "v1,hush"})

        assert "hush" not in mounted.log
        assert SECRET.removeprefix("whsec_") not in mounted.log
        assert "Traceback" not in mounted.log
