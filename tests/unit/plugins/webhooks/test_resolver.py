"""What the resolver knows without asking anybody."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fulfillment_sdk.plugins.webhooks.resolver import SECONDS


def test_a_look_up_leaves_most_of_the_attempt_s_time() -> None:
    assert SECONDS <= 15.0 / 2


@pytest.mark.parametrize("package", ["aiodns", "aiohttp"])
def test_what_the_extra_would_have_installed_is_named(package: str) -> None:
    source = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from fulfillment_sdk.errors import MissingExtra\n"
        "try:\n    import fulfillment_sdk.plugins.webhooks.webhook\n"
        "except MissingExtra as error:\n    print(error)"
    )

    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)

    assert done.stdout.splitlines() == [
        f"The package {package!r} is not installed",
        'Install it with: pip install "fulfillment-sdk[webhook]"',
    ], done.stderr
