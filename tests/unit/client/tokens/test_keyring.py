from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import keyring
import keyring.backends.fail
import keyring.backends.null
import keyring.core
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError

from fulfillment_sdk import (
    ConfigurationError,
    FulfillmentError,
    KeyringTokens,
    MissingExtra,
    StoreUnavailable,
)
from fulfillment_sdk.client.tokens.store import discard

ADDRESS = "https://gateway.example"


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.broken: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken is not None:
            raise self.broken
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.broken is not None:
            raise self.broken
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError("not there")
        del self.kept[service, username]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[KeyringBackend], None]:
    """Have one backend be the system's keyring until the test ends."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    return keyring.set_keyring


@pytest.fixture
def ring(use: Callable[[KeyringBackend], None]) -> Ring:
    ring = Ring()
    use(ring)
    return ring


def test_a_token_is_kept_under_service_and_account(ring: Ring) -> None:
    tokens = KeyringTokens(ADDRESS)
    assert tokens.load() is None
    tokens.save("t0ken")
    assert ring.kept == {("fulfillment-sdk", ADDRESS): "t0ken"}
    assert KeyringTokens(ADDRESS).load() == "t0ken"


def test_accounts_and_services_are_told_apart(ring: Ring) -> None:
    KeyringTokens(ADDRESS).save("t0ken")
    KeyringTokens("another", service="ours").save("newer")
    assert KeyringTokens(ADDRESS).load() == "t0ken"
    assert KeyringTokens(ADDRESS, service="ours").load() is None


def test_a_token_is_forgotten_once_and_twice(ring: Ring) -> None:
    tokens = KeyringTokens(ADDRESS)
    tokens.save("t0ken")
    tokens.clear()
    tokens.clear()
    assert ring.kept == {}


@pytest.mark.parametrize("broken", [KeyringLocked("s3cret"), OSError("s3cret"), KeyError("s3cret")])
def test_a_keyring_that_fails_is_unavailable(ring: Ring, broken: Exception) -> None:
    tokens = KeyringTokens(ADDRESS)
    tokens.save("t0ken")
    ring.broken = broken
    for call in (tokens.load, lambda: tokens.save("newer"), tokens.clear):
        with pytest.raises(StoreUnavailable, match=type(broken).__name__) as raised:
            call()
        assert raised.value.__cause__ is None
        assert "s3cret" not in str(raised.value)
        assert "newer" not in str(raised.value)


def test_a_machine_without_a_keyring_is_told_what_to_do(
    use: Callable[[KeyringBackend], None],
) -> None:
    use(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(ConfigurationError, match="has no keyring") as raised:
        KeyringTokens(ADDRESS).load()
    assert "FileTokens" in raised.value.remedy


@pytest.mark.parametrize(
    ("broken", "kind", "remedy"),
    [
        (KeyringLocked("s3cret"), StoreUnavailable, "Unlock it, then repeat."),
        (InitError("s3cret"), StoreUnavailable, "Look whether it runs. Without one, use FileTo"),
        (RuntimeError("no D-Bus"), StoreUnavailable, "Look whether it runs. Without one, use File"),
        (ModuleNotFoundError("s3cret"), ConfigurationError, "Install it, or configure one of "),
    ],
)
def test_each_failure_of_a_keyring_has_its_own_remedy(
    ring: Ring, broken: Exception, kind: type[FulfillmentError], remedy: str
) -> None:
    ring.broken = broken
    with pytest.raises(kind) as raised:
        KeyringTokens(ADDRESS).load()
    assert type(raised.value) is kind
    assert raised.value.remedy.startswith(remedy)
    assert "s3cret" not in str(raised.value)


def test_a_token_is_forgotten_only_while_it_is_the_one(ring: Ring) -> None:
    tokens = KeyringTokens(ADDRESS)
    tokens.save("newer")
    discard(tokens, "t0ken")
    assert tokens.load() == "newer"
    discard(tokens, "newer")
    assert tokens.load() is None


def test_a_keyring_that_keeps_nothing_is_noticed(use: Callable[[KeyringBackend], None]) -> None:
    use(keyring.backends.null.Keyring())  # type: ignore[no-untyped-call]
    assert KeyringTokens(ADDRESS).load() is None
    with pytest.raises(StoreUnavailable, match="did not keep"):
        KeyringTokens(ADDRESS).save("t0ken")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtra, match="keyring") as raised:
        KeyringTokens(ADDRESS)
    assert 'pip install "fulfillment-sdk[keyring]"' in raised.value.remedy


@pytest.mark.parametrize(
    ("account", "service"), [("", "ours"), (" ", "ours"), (ADDRESS, ""), (5, "ours")]
)
def test_a_token_without_an_address_has_no_place(account: Any, service: str) -> None:
    with pytest.raises(ConfigurationError):
        KeyringTokens(account, service=service)


def test_neither_token_nor_account_shows(ring: Ring) -> None:
    tokens = KeyringTokens("Žofie's House")
    tokens.save("t0ken")
    assert repr(tokens) == "KeyringTokens(service='fulfillment-sdk')"
