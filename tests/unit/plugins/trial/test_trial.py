"""A configured sink is tried, and whatever it does, what came of it is told."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import RECEIVER_HOOKS
from fulfillment_sdk.plugins import RegisterSink, hookimpl
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.plugins.trial.sample import sample_event
from fulfillment_sdk.plugins.trial.trial import LOOK, Trial, try_sink
from fulfillment_sdk.relay import Delivered, Delivery, Destination, Event, Outcome, Reject, Retry


@attrs.frozen
class Nothing:
    """No settings."""


class Told:
    """A sink of whose calls there is a list; `does` are what it does in some of them."""

    def __init__(self, calls: list[str], does: dict[str, Callable[[], Any]]) -> None:
        self._calls = calls
        self._does = does

    def open(self) -> Any:
        return self._do("open")

    def close(self) -> Any:
        return self._do("close")

    def deliver(self, delivery: Delivery) -> Outcome:
        assert delivery.accepted_at == 5.0
        outcome = self._do(f"deliver {delivery.event.id}")
        return outcome if isinstance(outcome, Delivered | Retry | Reject) else Delivered("there")

    def _do(self, what: str) -> Any:
        self._calls.append(what)
        return self._does.get(what.partition(" ")[0], lambda: None)()


class Trying:
    """A plugin whose sinks are tried."""

    name = "trying"

    def __init__(self, **does: Callable[[], Any]) -> None:
        self.calls: list[str] = []
        self._does = does

    @hookimpl
    def fulfillment_register_sinks(self, register: RegisterSink) -> None:
        register("told", Nothing, lambda _settings: Told(self.calls, self._does))


def event(destination: Destination) -> Event:
    return sample_event(destination, type="case.status_changed", token="1", now=1.0)


async def tried(
    plugin: Trying, *, deliver: bool = True, patience: float = 5.0, **table: object
) -> Trial:
    plugins = Plugins()
    plugins.register(plugin, host="a test", hooks=RECEIVER_HOOKS)
    make_event = event if deliver else None
    found = await try_sink(
        SinkKinds.of(plugins),
        "desk",
        {"kind": "told", **table},
        make_event=make_event,
        patience=patience,
        clock=lambda: 5.0,
    )
    assert (found.name, found.kind) == ("desk", "told")
    return found


def raising(error: BaseException) -> Callable[[], Any]:
    def fail() -> None:
        raise error

    return fail


async def test_a_sink_is_opened_and_closed_and_handed_nothing() -> None:
    plugin = Trying()
    found = await tried(plugin, deliver=False)
    assert found == Trial(verdict="ready", name="desk", kind="told")
    assert plugin.calls == ["open", "close"]


async def test_or_handed_an_event_in_between() -> None:
    plugin = Trying()
    found = await tried(plugin)
    assert (found.verdict, found.words, found.is_well) == ("delivered", "there", True)
    assert found.seconds is not None
    assert plugin.calls == ["open", "deliver evt_test_1", "close"]


@pytest.mark.parametrize(
    ("outcome", "verdict", "words"),
    [
        (lambda: Retry("HTTP 503"), "retry", "HTTP 503"),
        (lambda: Reject("HTTP 400"), "rejected", "HTTP 400"),
        (raising(ValueError("Jane Smith")), "retry", "ValueError raised by the sink"),
        (raising(SystemExit()), "retry", "SystemExit raised by the sink"),
        (lambda: time.sleep(0.2), "retry", "no answer within 0.05 s"),
    ],
)
async def test_what_it_says_to_the_event_is_told(
    outcome: Callable[[], Any], verdict: str, words: str
) -> None:
    plugin = Trying(deliver=outcome)
    found = await tried(plugin, timeout=0.05)
    assert (found.verdict, found.words, found.remedy) == (verdict, words, LOOK)
    assert not found.is_well


async def hang() -> None:
    await asyncio.Event().wait()


async def cancel() -> None:
    raise asyncio.CancelledError


async def leave() -> None:
    raise SystemExit("Jane Smith")


async def insist() -> None:
    """Swallow a cancellation, as a careless loop does."""
    for _ in range(2):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.5)


@pytest.mark.parametrize(
    ("does", "words"),
    [
        (raising(ValueError("Jane Smith")), "ValueError"),
        (raising(SystemExit("Jane Smith")), "SystemExit"),
        (
            raising(FileNotFoundError(2, "No such file", "/a")),
            "FileNotFoundError: No such file (/a)",
        ),
        (raising(ConnectionRefusedError(111, "refused")), "ConnectionRefusedError: refused"),
        (hang, "no answer within 0.05 s"),
        (cancel, "CancelledError"),
        (leave, "SystemExit"),
        (insist, "no answer within 0.05 s"),
    ],
)
@pytest.mark.parametrize("method", ["open", "close"])
async def test_one_that_does_not_open_or_close_is_told(
    does: Callable[[], Any], words: str, method: str
) -> None:
    plugin = Trying(**{method: does})
    found = await tried(plugin, deliver=False, patience=0.05)
    assert (found.verdict, found.words) == ("wrong", f"it does not {method}: {words}")
    assert found.remedy == LOOK
    assert plugin.calls == ["open", "close"]


async def test_one_that_does_not_open_is_handed_nothing() -> None:
    plugin = Trying(open=raising(StoreUnavailable("The database is away", remedy="Start it.")))
    found = await tried(plugin)
    assert (found.verdict, found.words) == ("wrong", "it does not open: The database is away")
    assert found.remedy == "Start it."
    assert plugin.calls == ["open", "close"]


async def test_a_failure_to_deliver_is_not_hidden_by_one_to_close() -> None:
    found = await tried(Trying(deliver=lambda: Retry("no"), close=raising(ValueError())))
    assert (found.verdict, found.words) == ("retry", "no")


async def test_settings_that_are_wrong_are_told_with_what_to_do() -> None:
    found = await tried(Trying(), timout=3)
    assert (found.verdict, found.words) == ("wrong", "sinks.desk has an unknown key, timout")
    assert found.remedy == "Did you mean timeout?"


async def test_a_table_without_a_kind_is_told_too() -> None:
    found = await try_sink(SinkKinds(), "desk", {"path": "x"})
    assert (found.name, found.kind, found.verdict) == ("desk", "", "wrong")
    assert found.words == "sinks.desk has no kind"
