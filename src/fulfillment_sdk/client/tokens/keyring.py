"""A token in the keyring of the operating system."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Final, TypeVar

from fulfillment_sdk.errors import (
    ConfigurationError,
    FulfillmentError,
    MissingExtra,
    StoreUnavailable,
)

T = TypeVar("T")

SERVICE: Final = "fulfillment-sdk"
_ELSEWHERE: Final = (
    "Without one, use FileTokens(path), or set FULFILLMENT_TOKEN for Client.from_env()."
)


class KeyringTokens:
    """Keeps the token in the system's keyring, under `service` and `account`.

    The account tells tokens apart: the gateway's address, say, or an organization's name. Raises
    MissingExtra where the package `keyring` is not installed.
    """

    def __init__(self, account: str, *, service: str = SERVICE) -> None:
        if not all(map(_names_something, (account, service))):
            raise ConfigurationError(
                "The keyring needs an account and a service",
                remedy="Give KeyringTokens the gateway's address as its account, say.",
            )
        self.account = account
        self.service = service
        self._keyring = _installed()

    def __repr__(self) -> str:
        return f"KeyringTokens(service={self.service!r})"

    def load(self) -> str | None:
        """The token, None where the keyring has none.

        Raises ConfigurationError where there is no keyring or the configured one is not installed,
        StoreUnavailable where it is locked or fails.
        """
        kept: str | None = self._asked(
            lambda: self._keyring.get_password(self.service, self.account)
        )
        return kept

    def save(self, token: str) -> None:
        """Keep `token`, and look that it was kept; raises as `load` does."""
        self._asked(lambda: self._keyring.set_password(self.service, self.account, token))
        # A backend that is switched off takes everything and keeps nothing.
        if self.load() != token:
            raise StoreUnavailable(
                "The keyring did not keep the token",
                remedy="Choose another keyring, or use FileTokens.",
            )

    def clear(self) -> None:
        """Remove the token, if the keyring has one; raises as `load` does."""
        if self.load() is not None:
            self._asked(lambda: self._keyring.delete_password(self.service, self.account))

    def _asked(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except Exception as error:  # noqa: BLE001  (backends raise what their libraries raise)
            raise self._refused(error) from None

    def _refused(self, error: Exception) -> FulfillmentError:
        known = self._keyring.errors
        kind = type(error).__name__
        if isinstance(error, known.NoKeyringError):
            return ConfigurationError(
                "This machine has no keyring that could keep a token", remedy=_ELSEWHERE
            )
        if isinstance(error, ImportError):
            return ConfigurationError(
                "The keyring that is configured is not installed",
                remedy="Install it, or configure one of python -m keyring --list-backends.",
            )
        locked = isinstance(error, known.KeyringLocked)
        return StoreUnavailable(
            f"The keyring can't be used: {kind}",
            remedy="Unlock it, then repeat." if locked else f"Look whether it runs. {_ELSEWHERE}",
        )


def _names_something(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _installed() -> ModuleType:
    try:
        import keyring
    except ImportError:
        raise MissingExtra("keyring", "keyring") from None
    import keyring.errors

    return keyring
