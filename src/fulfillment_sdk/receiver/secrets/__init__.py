"""The live secrets, and which of them notifications are signed with: when the old one may go."""

from fulfillment_sdk.receiver.secrets.uses import SecretUse, SecretUses

__all__ = ["SecretUse", "SecretUses"]
