"""The examples that receive under ASGI servers: FastAPI, Starlette, Django, and no framework."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ._examples import UNDER_ASGI as EXAMPLES
from ._examples import UNDER_WSGI
from ._mounted import EXAMPLES as FOLDER
from ._mounted import Mounted, notifications
from ._what_is_mounted import WhatIsMounted, some_case


@pytest.fixture(scope="module", params=EXAMPLES.values(), ids=list(EXAMPLES))
def mounted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mounted]:
    with Mounted(request.param, tmp_path_factory.mktemp("mounted")) as running:
        yield running


class TestUnderAsgi(WhatIsMounted):
    """All of it, of each example."""


def test_a_hook_in_the_applications_loop_wakes_whoever_waits(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    case, shown = some_case(), []
    with Mounted(EXAMPLES["FastAPI"], tmp_path_factory.mktemp("mounted")) as running:
        waiting = threading.Thread(
            target=lambda: shown.append(running.get(f"/cases/{case}?wait=25").json())
        )
        waiting.start()
        (one,) = notifications(case, 1)
        running.send(*one, fresh=True)
        waiting.join(30)

    assert [answer["sequence"] for answer in shown] == [1]


def test_each_example_that_receives_is_served_by_a_test() -> None:
    served_here = {one.folder for one in (*EXAMPLES.values(), *UNDER_WSGI.values())}
    there = {path.name for path in FOLDER.glob("receive_*")}

    assert there == served_here


@pytest.mark.parametrize("folder", ["receive_in_fastapi", "receive_in_starlette"])
def test_the_examples_keep_their_cases_alike(folder: str) -> None:
    assert (FOLDER / folder / "cases.py").read_text() == (
        FOLDER / "receive_in_flask" / "cases.py"
    ).read_text()
