"""Where an organization wants its notifications (contract, section 5)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fulfillment_sdk.models._fields import Model, meta, raw, text


@attrs.frozen(kw_only=True, repr=False)
class Subscription(Model):
    """One address for notifications.

    ``events`` are the types that go there (empty: all). ``secret`` is given only in the answer that
    creates the subscription: keep it, the receiver verifies with it.
    """

    id: str = attrs.field(metadata=meta())
    url: str = attrs.field(metadata=meta())
    events: tuple[str, ...] = attrs.field(
        default=(), converter=tuple[str, ...], metadata=meta("texts")
    )
    description: str | None = text()
    enabled: bool = attrs.field(default=True, metadata=meta("flag"))
    created_at: str | None = text()
    secret: str | None = text(sensitive=True)
    raw: Mapping[str, object] = raw()
