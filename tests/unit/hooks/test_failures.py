"""A host that is told to end while a plugin's code runs ends; what the plugin raises is its own."""

from __future__ import annotations

import functools
import signal
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fulfillment_sdk.hooks.calling import observe
from fulfillment_sdk.hooks.failures import is_hosts
from fulfillment_sdk.hooks.installed import PROJECT
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import inspect_plugin
from fulfillment_sdk.plugins import hookimpl

SIGNAL = signal.SIGUSR1


def end(_number: int, _frame: object) -> None:
    raise SystemExit(143)


class Ending:
    def __call__(self, _number: int, _frame: object) -> None:
        raise SystemExit(143)

    def method(self, _number: int, _frame: object) -> None:
        raise SystemExit(143)


def end_with(_status: int, _number: int, _frame: object) -> None:
    raise SystemExit(143)


@pytest.fixture(
    params=[end, Ending(), Ending().method, functools.partial(end_with, 143)],
    ids=["function", "object", "method", "partial"],
)
def handled(request: pytest.FixtureRequest) -> Iterator[None]:
    """A host that handles a signal by ending, as it may be written."""
    before = signal.signal(SIGNAL, request.param)
    yield
    signal.signal(SIGNAL, before)


class Interrupted:
    """A plugin that the signal comes upon."""

    name = "interrupted"

    @hookimpl
    def fulfillment_on_attempt(self) -> None:
        signal.raise_signal(SIGNAL)


@pytest.mark.usefixtures("handled")
def test_a_signal_that_comes_upon_a_hook_ends_its_host() -> None:
    with pytest.raises(SystemExit):
        observe(inspect_plugin(Interrupted()), "fulfillment_on_attempt", attempt=1)


@pytest.mark.usefixtures("handled")
def test_a_signal_that_comes_upon_an_import_ends_its_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "import signal\nsignal.raise_signal(signal.SIGUSR1)\n"
    (tmp_path / "slow_to_import.py").write_text(source)
    plugins = Plugins()

    with pytest.raises(SystemExit):
        plugins.load_entry_points([EntryPoint("slow", "slow_to_import", PROJECT)])

    assert plugins.problems == []


def raised(by: Callable[[], object]) -> BaseException:
    with pytest.raises(SystemExit) as caught:
        by()
    return caught.value


def found_in_a_thread(error: BaseException) -> bool:
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(is_hosts(error)))
    thread.start()
    thread.join()
    return found == [True]


@pytest.mark.usefixtures("handled")
def test_a_plugin_s_own_wish_to_exit_is_its_own() -> None:
    def leave() -> None:
        raise SystemExit(3)

    assert not is_hosts(raised(leave))


@pytest.mark.usefixtures("handled")
def test_in_another_thread_there_are_no_signals() -> None:
    error = raised(lambda: signal.raise_signal(SIGNAL))

    assert not found_in_a_thread(error)
    assert is_hosts(error)


def test_ctrl_c_is_the_host_s_where_it_can_come() -> None:
    assert is_hosts(KeyboardInterrupt())
    assert not found_in_a_thread(KeyboardInterrupt())


@pytest.mark.parametrize("module", ["gevent.timeout", "greenlet", "eventlet.timeout"])
def test_what_ends_a_green_thread_is_the_host_s(module: str) -> None:
    error = type("Timeout", (BaseException,), {"__module__": module})()
    assert is_hosts(error)
    assert found_in_a_thread(error)


def test_a_panic_of_what_is_no_python_is_the_plugin_s() -> None:
    assert not is_hosts(type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})())
