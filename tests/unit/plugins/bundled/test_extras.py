"""A kind whose extra is not installed says which one it is."""

from __future__ import annotations

import subprocess
import sys

import pytest

EMAIL = {"kind": "email", "server": "smtp://x.org", "sender": "a@x.org", "to": ["a@x.org"]}
CHAT = {"kind": "chat", "urls": ["json://127.0.0.1"]}
WEBHOOK = {"kind": "webhook", "url": "https://x.org", "secrets": ["whsec_x"]}


@pytest.mark.parametrize(
    ("table", "package", "extra"),
    [
        (EMAIL, "aiosmtplib", "email"),
        (EMAIL, "jinja2", "email"),
        (CHAT, "apprise", "chat"),
        (CHAT, "jinja2", "chat"),
        (WEBHOOK, "aiohttp", "webhook"),
    ],
)
def test_a_missing_package_is_told_with_the_extra_that_brings_it(
    table: dict[str, object], package: str, extra: str
) -> None:
    source = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from fulfillment_sdk.errors import MissingExtra\n"
        "from fulfillment_sdk.hooks.loading import Plugins\n"
        "from fulfillment_sdk.plugins.sinks import SinkKinds\n"
        "from fulfillment_sdk.relay import RetryPolicy\n"
        f"try:\n    SinkKinds.of(Plugins()).bind('it', {table!r}, RetryPolicy())\n"
        "except MissingExtra as error:\n    print(error)"
    )

    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)

    assert done.stdout.splitlines() == [
        f"The package {package!r} is not installed",
        f'Install it with: pip install "fulfillment-sdk[{extra}]"',
    ], done.stderr
