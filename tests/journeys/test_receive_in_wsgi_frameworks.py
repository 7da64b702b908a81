"""The examples that receive under WSGI servers: Flask, Django, and no framework."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fulfillment_sdk import Receiver, signing

from ._examples import UNDER_WSGI as EXAMPLES
from ._mounted import NEWER, SECRET, Mounted, notifications
from ._what_is_mounted import WhatIsMounted, some_case

pytest.importorskip("gunicorn", minversion="25.1", reason="needs its --no-control-socket")


@pytest.fixture(scope="module", params=EXAMPLES.values(), ids=list(EXAMPLES))
def mounted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mounted]:
    with Mounted(request.param, tmp_path_factory.mktemp("mounted")) as running:
        yield running


class TestUnderWsgi(WhatIsMounted):
    """All of it, of each example."""

    def test_the_counter_of_secrets_adds_up_over_the_workers(self, mounted: Mounted) -> None:
        sent = list(notifications(some_case(), 30))

        def send(one: tuple[bytes, str]) -> int:
            return mounted.send(*one, fresh=True, secret=NEWER).status_code

        with ThreadPoolExecutor(6) as gateways:
            assert set(gateways.map(send, sent)) == {202}

        with Receiver(
            [SECRET, NEWER], mounted.folder / "inbox", load_entry_points=False, dispatch=False
        ) as asking:
            mounted.until(
                "sum over all workers",
                lambda: asking.secret_totals().result(30)[1].count == len(sent),
            )


def test_a_page_of_the_application_is_its_own(mounted: Mounted) -> None:
    answer = mounted.get("/nothing/here")

    alone = mounted.example.folder == "receive_alone"
    assert answer.status_code == (405 if alone else 404)


def test_a_secret_is_changed_while_all_workers_run(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    newest = signing.new_secret()
    case = some_case()
    sent = iter(notifications(case, 10_000))

    def statuses(running: Mounted, secret: str) -> set[int]:
        """Notify over so many connections that each worker has one."""
        some = list(itertools.islice(sent, 24))
        return {running.send(*one, fresh=True, secret=secret).status_code for one in some}

    with Mounted(EXAMPLES["gunicorn"], tmp_path_factory.mktemp("mounted")) as running:
        workers = running.workers
        assert len(workers) == 3
        assert statuses(running, newest) == {401}

        running.have_secrets(newest, SECRET)
        running.until("way in for the new one", lambda: statuses(running, newest) == {202})
        assert statuses(running, SECRET) == {202}, "and the old one is as good"

        running.have_secrets(newest)
        running.until("end of the old one", lambda: statuses(running, SECRET) == {401})
        assert statuses(running, newest) == {202}
        assert running.workers == workers, "none of them was started anew"
