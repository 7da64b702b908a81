"""Which of the live secrets notifications are signed with: when the old one may go."""

from fulfillment_sdk.receiver.secrets.uses import SecretUse, SecretUses

__all__ = ["SecretUse", "SecretUses"]
