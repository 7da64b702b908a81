"""What a client has learnt about its server from the answers so far."""

from __future__ import annotations

from typing import Final

import attrs

from fulfillment_sdk.client.calls.call import Answer

_IDEMPOTENCY: Final = "idempotency"


@attrs.define
class Facts:
    """Features and dialects of one server; sets are replaced, so threads may share it."""

    features: frozenset[str] = frozenset()
    dialects: frozenset[str] = frozenset()

    @property
    def idempotent(self) -> bool:
        """Whether the server has announced that it knows keys again."""
        return _IDEMPOTENCY in self.features

    def hear(self, answer: Answer) -> None:
        """Note the features that an answer announces; one without the header says nothing."""
        if (announced := answer.headers.get("fulfillment-features")) is not None:
            features = frozenset(word.strip().lower() for word in announced.split(","))
            self.features = features - {""}
