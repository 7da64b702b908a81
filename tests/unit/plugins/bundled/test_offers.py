"""The kinds that come with the SDK, and how they are offered."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import RECEIVER_HOOKS
from fulfillment_sdk.plugins import RegisterSink, hookimpl
from fulfillment_sdk.plugins.bundled.log import LogSettings, LogSink, make_log_sink
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.relay import RetryPolicy

POLICY = RetryPolicy()


def test_a_kind_of_the_sdk_needs_no_plugin() -> None:
    table = {"kind": "log", "disclosure": "full"}
    destination, sink = SinkKinds.of(Plugins()).bind("told", table, POLICY)

    assert isinstance(sink, LogSink)
    assert destination.name == "told"


def test_the_words_of_the_sdk_are_taken() -> None:
    class Rival:
        name = "rival"

        @hookimpl
        def fulfillment_register_sinks(self, register: RegisterSink) -> None:
            register("log", LogSettings, make_log_sink)

    plugins = Plugins()
    plugins.register(Rival(), host="a receiver", hooks=RECEIVER_HOOKS)

    with pytest.raises(PluginError) as caught:
        SinkKinds.of(plugins)

    assert caught.value.message == (
        "Plugins fulfillment_sdk.bundled and rival both offer the sink kind log"
    )
    assert caught.value.remedy == "Offer it under another word: this one is the SDK's."


def test_switching_plugins_off_leaves_the_kinds_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", "*")

    table = {"kind": "log", "disclosure": "full"}
    _, sink = SinkKinds.of(Plugins()).bind("told", table, POLICY)

    assert isinstance(sink, LogSink)


def test_offering_them_loads_no_library_that_only_a_sink_needs() -> None:
    heavy = ("aiohttp", "aiosmtplib", "apprise", "jinja2", "smtplib", "sqlite3")
    script = (
        "import sys\n"
        "import fulfillment_sdk.relay\n"
        "before = set(sys.modules)\n"
        "from fulfillment_sdk.hooks.loading import Plugins\n"
        "from fulfillment_sdk.plugins.sinks import SinkKinds\n"
        "SinkKinds.of(Plugins())\n"
        f"print([name for name in {heavy} if name in sys.modules and name not in before])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
