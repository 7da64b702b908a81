"""What a partner's application mounts to get every notification, durably and in order."""

from __future__ import annotations

from fulfillment_sdk.errors import MissingExtra

try:
    from fulfillment_sdk.receiver.receiver import Receiver
    from fulfillment_sdk.receiver.reply import Reply
    from fulfillment_sdk.receiver.secrets import SecretUse
except ModuleNotFoundError as error:
    if error.name is None or error.name.startswith("fulfillment_sdk"):
        raise
    raise MissingExtra(error.name.partition(".")[0], "receiver") from error

__all__ = ["Receiver", "Reply", "SecretUse"]
