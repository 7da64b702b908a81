"""What a partner's application mounts to get every notification, durably and in order.

`verify` needs no extra and loads no database; whatever stores loads when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fulfillment_sdk._exports import exports

if TYPE_CHECKING:
    from fulfillment_sdk.receiver.cases.anomalies import ANOMALIES
    from fulfillment_sdk.receiver.cases.reconciling import Difference, Reconciliation
    from fulfillment_sdk.receiver.cases.story import Received
    from fulfillment_sdk.receiver.receiver import Receiver
    from fulfillment_sdk.receiver.reply import Reply
    from fulfillment_sdk.receiver.secrets import SecretUse
    from fulfillment_sdk.receiver.verifying import verify

__all__ = [
    "ANOMALIES",
    "Difference",
    "Received",
    "Receiver",
    "Reconciliation",
    "Reply",
    "SecretUse",
    "verify",
]

_HOMES: Final = {
    "ANOMALIES": "cases.anomalies",
    "Difference": "cases.reconciling",
    "Received": "cases.story",
    "Receiver": "receiver",
    "Reconciliation": "cases.reconciling",
    "Reply": "reply",
    "SecretUse": "secrets",
    "verify": "verifying",
}

if not TYPE_CHECKING:  # else a type checker would take any name for one of ours
    __getattr__, __dir__ = exports(
        __name__,
        __all__,
        _HOMES,
        needs=dict.fromkeys(
            ("Difference", "Received", "Receiver", "Reconciliation"),
            ("sqlalchemy", "cryptography", "filelock"),
        ),
        extra="receiver",
    )
