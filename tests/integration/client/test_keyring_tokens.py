"""Tokens in a real keyring of the system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .secret_service import SecretService, secret_service

BEGIN = """
from fulfillment_sdk import FulfillmentError, KeyringTokens
tokens = KeyringTokens("https://gateway.example")
def say(text):
    print("> " + str(text))
"""
SAVE = f"{BEGIN}tokens.save('t0ken')"
REPLACE = f"{BEGIN}tokens.save('newer')"
CLEAR = f"{BEGIN}tokens.clear(); tokens.clear()"
SHOW = f"{BEGIN}say(tokens.load())"
SHOW_ANOTHER = f"{BEGIN}say(KeyringTokens('another').load())"
CLIENT = f"""{BEGIN}
from fulfillment_sdk import Client
say(Client(base_url="https://gateway.example", tokens=tokens))
"""
TRY = f"""{BEGIN}
for use in (tokens.load, lambda: tokens.save("newer"), tokens.clear):
    try:
        use()
    except FulfillmentError as error:
        say(f"{{type(error).__name__}}: {{error.message}}")
"""


@pytest.fixture
def service() -> Iterator[SecretService]:
    with secret_service() as service:
        yield service


def test_a_token_is_found_by_another_process_in_another_session(service: SecretService) -> None:
    assert service.session(SHOW, SAVE, SHOW, SHOW_ANOTHER) == ["None", "t0ken", "None"]
    assert service.session(SHOW, CLIENT, REPLACE, SHOW) == [
        "t0ken",
        "<Client https://gateway.example with a token>",
        "newer",
    ]
    assert service.session(CLEAR, SHOW) == ["None"]


def test_a_keyring_that_stays_locked_is_unavailable(service: SecretService) -> None:
    service.session(SAVE)
    told = service.session(TRY, password="")
    assert len(told) == 3
    assert {line.partition(":")[0] for line in told} == {"StoreUnavailable"}
    assert not any(text in "".join(told) for text in ("t0ken", "newer"))
    assert service.session(SHOW) == ["t0ken"]
