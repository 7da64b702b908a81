"""What a partner's application mounts to get every notification, durably and in order.

`verify` needs no extra and loads no database; whatever stores loads when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from fulfillment_sdk.errors import MissingExtra
from fulfillment_sdk.receiver.verifying import verify

if TYPE_CHECKING:
    from fulfillment_sdk.receiver.receiver import Receiver
    from fulfillment_sdk.receiver.reply import Reply
    from fulfillment_sdk.receiver.secrets import SecretUse

__all__ = ["Receiver", "Reply", "SecretUse", "verify"]

_HOME: Final = {"Receiver": "receiver", "Reply": "reply", "SecretUse": "secrets"}


if not TYPE_CHECKING:  # else a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        """Load the module that has the name, when it is first asked for."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("fulfillment_sdk"):
                raise
            raise MissingExtra(error.name.partition(".")[0], "receiver") from error
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
