"""What a missing extra costs: one error with the line that installs it."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("wanted", "package", "extra"),
    [
        ("from fulfillment_sdk.receiver import Receiver", "sqlalchemy", "receiver"),
        ("from fulfillment_sdk.receiver import Receiver", "cryptography", "receiver"),
        ("from fulfillment_sdk import Receiver", "sqlalchemy", "receiver"),
        ("import fulfillment_sdk.plugins.webhooks.webhook", "aiohttp", "webhook"),
        ("from fulfillment_sdk.testing import SinkContract", "pytest", "testing"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(wanted: str, package: str, extra: str) -> None:
    source = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from fulfillment_sdk.errors import MissingExtra\n"
        f"try:\n    {wanted}\nexcept MissingExtra as error:\n    print(error)"
    )

    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)

    assert done.stdout.splitlines() == [
        f"The package {package!r} is not installed",
        f'Install it with: pip install "fulfillment-sdk[{extra}]"',
    ], done.stderr
