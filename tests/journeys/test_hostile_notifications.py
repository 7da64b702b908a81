"""Hostile requests to a receiver behind real servers: the contract's answers, and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ._hostile import BODY, HOSTILE, ask, head
from ._mounted import Example, Mounted, newest, notifications
from ._server import SECONDS
from ._what_is_mounted import some_case

pytest.importorskip("gunicorn", minversion="25.1", reason="needs its --no-control-socket")

GUNICORN = "-m gunicorn --no-control-socket --bind fd://{fd}"
UVICORN = "-m uvicorn --fd {fd} --lifespan on"
SERVERS = {
    "gunicorn": Example("receive_alone", f"{GUNICORN} application:wsgi", "/"),
    "gunicorn, sync": Example(
        "receive_alone", f"{GUNICORN} --worker-class sync --threads 1 application:wsgi", "/"
    ),
    "uvicorn, httptools": Example(
        "receive_alone", f"{UVICORN} --http httptools application:asgi", "/"
    ),
    "uvicorn, h11": Example("receive_alone", f"{UVICORN} --http h11 application:asgi", "/"),
}

SLOW = 6


@pytest.fixture(scope="module", params=SERVERS.values(), ids=list(SERVERS))
def mounted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mounted]:
    with Mounted(request.param, tmp_path_factory.mktemp("mounted")) as running:
        yield running


def test_what_is_hostile_gets_one_answer_of_the_contracts_and_changes_nothing(
    mounted: Mounted,
) -> None:
    answers = {name: ask(mounted.port, one) for name, one in HOSTILE.items()}

    unfair = {name: got for name, got in answers.items() if not HOSTILE[name].is_met(got)}
    assert unfair == {}
    case = some_case()
    (good,) = notifications(case, 1)
    assert mounted.send(*good).status_code == 202
    mounted.until("arrival", lambda: newest(mounted, case) == 1)
    assert newest(mounted, "case_hostile") == 0
    assert "Traceback" not in mounted.log


def test_slow_senders_hold_up_nobody_else(mounted: Mounted) -> None:
    if "sync" in mounted.example.command:
        pytest.skip("each of them holds a worker: that is why the examples have threads")
    case = some_case()
    with ExitStack() as stack:
        for number in range(SLOW):
            slow = socket.create_connection(("127.0.0.1", mounted.port), SECONDS)
            stack.enter_context(slow)
            request = head() + BODY
            slow.sendall(request[: 20 if number % 2 else -5])
        sent = list(notifications(case, 4))

        assert [mounted.send(*one, fresh=True).status_code for one in sent] == [202] * 4
        mounted.until("arrival", lambda: newest(mounted, case) == 4)


def test_who_goes_away_in_the_middle_leaves_nothing_behind(mounted: Mounted) -> None:
    for left in (1, len(BODY) // 2, len(head())):
        with socket.create_connection(("127.0.0.1", mounted.port), SECONDS) as leaving:
            leaving.sendall((head() + BODY)[:-left])
    (good,) = notifications(case := some_case(), 1)

    assert mounted.send(*good).status_code == 202
    mounted.until("arrival", lambda: newest(mounted, case) == 1)
    assert newest(mounted, "case_hostile") == 0
    assert "Traceback" not in mounted.log
