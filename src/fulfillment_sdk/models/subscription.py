"""Where an organization wants its notifications, and what became of them (contract, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from fulfillment_sdk.models._fields import Model, meta, raw, text, word
from fulfillment_sdk.times import parse_time


@attrs.frozen(kw_only=True, repr=False)
class Subscription(Model):
    """One address for notifications.

    ``events`` are the types and ``statuses`` the lifecycle statuses that go there (empty: all).
    ``disabled_why`` says why it is not ``enabled``. ``warnings`` come with a creation or a change
    that names what the server doesn't know. ``secret`` is given only in the answer that creates the
    subscription, else empty: keep it, the receiver verifies with it.
    """

    id: str = attrs.field(metadata=meta())
    url: str = word()
    events: tuple[str, ...] = attrs.field(
        default=(), converter=tuple[str, ...], metadata=meta("texts")
    )
    statuses: tuple[str, ...] = attrs.field(
        default=(), converter=tuple[str, ...], metadata=meta("texts")
    )
    description: str | None = text()
    enabled: bool = attrs.field(default=True, metadata=meta("flag"))
    disabled_why: str | None = text()
    old_secret_expires_at: str | None = text()
    created_at: str | None = text()
    warnings: tuple[str, ...] = attrs.field(
        default=(), converter=tuple[str, ...], metadata=meta("texts")
    )
    secret: str = word(sensitive=True)
    raw: Mapping[str, object] = raw()


@attrs.frozen(kw_only=True, repr=False)
class RotatedSecret(Model):
    """A subscription's new ``secret``; the one before signs beside it until the time given."""

    secret: str = attrs.field(metadata=meta(sensitive=True))
    old_secret_expires_at: str | None = text()
    raw: Mapping[str, object] = raw()

    @property
    def old_secret_expiry(self) -> datetime | None:
        """``old_secret_expires_at`` as an aware datetime; raises `PayloadError` if it is none."""
        return parse_time(self.old_secret_expires_at) if self.old_secret_expires_at else None


@attrs.frozen(kw_only=True, repr=False)
class DeliveryAttempt(Model):
    """One try at delivering an event, which took so many ``seconds``.

    ``outcome`` is ``delivered``, ``retry``, ``dead`` (given up) or ``disabled`` (it disabled the
    subscription).
    """

    attempt: int | None = text(kind="number")
    at: str = word()
    seconds: float | None = text(kind="number")
    outcome: str = word()
    why: str = word()
    raw: Mapping[str, object] = raw()


@attrs.frozen(kw_only=True, repr=False)
class Delivery(Model):
    """One event on its way to one subscription: ``pending``, ``delivered`` or ``dead``.

    ``case_id`` is None for an event about no case, ``due_at`` the time of the next try.
    """

    id: str = attrs.field(metadata=meta())
    event_id: str = word()
    type: str = word()
    case_id: str | None = text()
    state: str = word()
    why: str = word()
    attempts: tuple[DeliveryAttempt, ...] = attrs.field(
        default=(), converter=tuple[DeliveryAttempt, ...], metadata=meta("list", of=DeliveryAttempt)
    )
    due_at: str | None = text()
    raw: Mapping[str, object] = raw()
