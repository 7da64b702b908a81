"""Who watches: the installed plugins are looked for late, once, and hurt nobody."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import responses

from fulfillment_sdk.client import Client
from fulfillment_sdk.client.exchange.request import Request
from fulfillment_sdk.client.observing import observers
from fulfillment_sdk.client.observing.observers import NOBODY, Observers
from fulfillment_sdk.client.observing.watching import Watch
from fulfillment_sdk.hooks.installed import DISABLE_VARIABLE, PROJECT
from tests.unit.client.support import BASE, CASES
from tests.unit.client.watchers import Watcher

WATCHING = """
from fulfillment_sdk.plugins import hookimpl

seen = []

@hookimpl
def fulfillment_before_request(request):
    seen.append(request.method)
"""

MODULES = {
    "watching": WATCHING,
    "raising": "raise RuntimeError('no licence')",
    "exiting": "raise SystemExit(3)",
    "receiving": WATCHING.replace("before_request(request)", "status_changed(event)"),
    "calling": "import calling_back\ncalling_back.now()\n" + WATCHING,
}

Install = Callable[..., list[int]]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Have these modules installed as plugins; gives a list that grows with each look at them."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)

    def those(*names: str) -> list[int]:
        looks: list[int] = []
        for name in names:
            (tmp_path / f"plugin_{name}.py").write_text(MODULES[name])
        found = tuple(EntryPoint(name, f"plugin_{name}", PROJECT) for name in names)

        def look() -> tuple[EntryPoint, ...]:
            looks.append(1)
            return found

        monkeypatch.setattr(observers, "installed", look)
        return looks

    yield those
    for name in set(sys.modules) - known:
        if name.startswith("plugin_"):
            del sys.modules[name]


def watched(these: Observers) -> bool:
    request = Request("GET", "/cases/", {}, None, 1.0)
    watch = these.watch(request, BASE, lambda: 0.0)
    return isinstance(watch, Watch)


def seen_by(name: str) -> list[str]:
    seen: list[str] = sys.modules[f"plugin_{name}"].seen
    return seen


def test_an_installed_plugin_watches_every_client(
    install: Install, mocked: responses.RequestsMock
) -> None:
    install("watching")
    mocked.get(f"{CASES}cases/", json={"items": []})

    list(Client(base_url=BASE, token="t0ken").cases.list())

    assert seen_by("watching") == ["GET"]


def test_what_is_installed_is_looked_at_before_the_first_request_and_never_again(
    install: Install, mocked: responses.RequestsMock
) -> None:
    looks = install("watching")
    client = Client(base_url=BASE, token="t0ken")
    assert looks == []

    for _ in range(3):
        mocked.get(f"{CASES}cases/", json={"items": []})
        list(client.cases.list())

    assert looks == [1]
    assert seen_by("watching") == ["GET"] * 3


def test_without_plugins_a_request_is_sent_inside_of_nothing(install: Install) -> None:
    looks = install()
    these = Observers()

    watches = {these.watch(Request("GET", "/", {}, None, 1.0), BASE, float) for _ in range(3)}

    assert watches == {NOBODY}
    assert looks == [1]


def test_a_broken_plugin_is_named_and_the_others_watch(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("raising", "exiting", "watching")
    these = Observers()

    with caplog.at_level(logging.WARNING):
        assert watched(these)

    causes = {one.name: one.cause.partition(" at ")[0] for one in these.problems}
    assert causes == {"raising": "RuntimeError", "exiting": "SystemExit"}
    assert len(caplog.messages) == 2


def test_a_client_tells_of_problems_before_it_has_sent_anything(install: Install) -> None:
    install("raising")
    assert [one.name for one in Client(base_url=BASE).plugin_problems] == ["raising"]


def test_a_plugin_for_receivers_is_no_problem_and_no_watcher(install: Install) -> None:
    install("receiving")
    these = Observers()
    assert not watched(these)
    assert these.problems == ()


@pytest.mark.parametrize("disabled", ["*", "watching", "plugin_watching"])
def test_the_environment_switches_installed_plugins_off(
    install: Install, monkeypatch: pytest.MonkeyPatch, disabled: str
) -> None:
    looks = install("watching")
    monkeypatch.setenv(DISABLE_VARIABLE, disabled)

    assert not watched(Observers())

    assert "plugin_watching" not in sys.modules
    assert looks == ([] if disabled == "*" else [1])


@pytest.mark.parametrize("disabled", ["*", "watcher"])
def test_the_environment_switches_off_what_is_handed_in(
    monkeypatch: pytest.MonkeyPatch, disabled: str
) -> None:
    monkeypatch.setenv(DISABLE_VARIABLE, disabled)
    assert not watched(Observers([Watcher()], load_entry_points=False))


def test_a_client_may_leave_installed_plugins_alone(install: Install) -> None:
    looks = install("watching")
    client = Client(base_url=BASE, load_entry_points=False)
    assert client.plugin_problems == ()
    assert looks == []


def test_a_plugin_that_is_installed_and_handed_in_watches_once(install: Install) -> None:
    install("watching")
    import plugin_watching  # type: ignore[import-not-found]

    these = Observers([plugin_watching])
    with these.watch(Request("GET", "/cases/", {}, None, 1.0), BASE, lambda: 0.0):
        pass

    assert seen_by("watching") == ["GET"]


def test_a_plugin_may_call_the_client_while_it_is_imported(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("calling")
    these = Observers()
    calls: list[bool] = []
    back = type(sys)("calling_back")
    back.now = lambda: calls.append(watched(these))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "calling_back", back)

    assert watched(these)

    assert calls == [False]
    assert these.problems == ()


def test_threads_whose_first_requests_meet_load_the_plugins_once(install: Install) -> None:
    looks = install("watching", "raising")
    these, together = Observers(), threading.Barrier(8)

    def first(_number: int) -> bool:
        together.wait()
        return watched(these)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(first, range(8)))

    assert looks == [1]
    assert len(these.problems) == 1


def test_a_look_that_fails_is_logged_and_hurts_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> tuple[EntryPoint, ...]:
        raise ValueError("metadata")

    monkeypatch.setattr(observers, "installed", broken)
    with caplog.at_level(logging.WARNING):
        assert not watched(Observers())
    assert caplog.messages == ["installed plugins can't be looked up: ValueError"]


def test_a_client_without_plugins_never_loads_pluggy() -> None:
    source = (
        "import sys; from fulfillment_sdk import Client; "
        "client = Client(base_url='http://127.0.0.1:9', retries=0); "
        "from fulfillment_sdk.client.observing import observers; "
        "observers.installed = lambda: (); "
        "print(client.plugin_problems, 'pluggy' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)

    assert done.stdout.strip() == "() False", done.stderr


def test_a_host_that_is_told_to_end_while_they_are_looked_up_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def signalled() -> tuple[EntryPoint, ...]:
        raise SystemExit(143)

    monkeypatch.setattr(observers, "installed", signalled)
    these = Observers()
    with pytest.raises(SystemExit):
        watched(these)
    monkeypatch.setattr(observers, "installed", tuple)
    assert not watched(these)
