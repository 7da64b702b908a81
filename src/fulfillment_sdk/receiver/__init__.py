"""What a partner's application mounts to get every notification, durably and in order.

`verify` needs no extra and loads no database; whatever stores loads when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fulfillment_sdk._exports import exports

if TYPE_CHECKING:
    from fulfillment_sdk.receiver.receiver import Receiver
    from fulfillment_sdk.receiver.reply import Reply
    from fulfillment_sdk.receiver.secrets import SecretUse
    from fulfillment_sdk.receiver.verifying import verify

__all__ = ["Receiver", "Reply", "SecretUse", "verify"]

_HOMES: Final = {
    "Receiver": "receiver",
    "Reply": "reply",
    "SecretUse": "secrets",
    "verify": "verifying",
}

if not TYPE_CHECKING:  # else a type checker would take any name for one of ours
    __getattr__, __dir__ = exports(__name__, __all__, _HOMES, extra="receiver")
