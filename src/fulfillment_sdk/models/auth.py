"""The answers of the authentication calls (contract, section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from fulfillment_sdk.models._fields import Model, meta, raw, text, word
from fulfillment_sdk.times import parse_time


@attrs.frozen(kw_only=True, repr=False)
class CodeSent(Model):
    """A one-time code is on its way to ``email`` and works until ``expires_at``."""

    expires_at: str = attrs.field(metadata=meta())
    status: str = word()
    message: str = word()
    email: str | None = text(sensitive=True)
    raw: Mapping[str, object] = raw()

    @property
    def expiry(self) -> datetime:
        """``expires_at`` as an aware datetime; raises `PayloadError` where it is no time."""
        return parse_time(self.expires_at)


@attrs.frozen(kw_only=True, repr=False)
class AccessToken(Model):
    """A bearer ``token`` that acts for ``organization_id`` until ``expires``."""

    token: str = attrs.field(metadata=meta(sensitive=True))
    organization_id: str = attrs.field(metadata=meta())
    expires: str = attrs.field(metadata=meta())
    status: str = word()
    message: str = word()
    raw: Mapping[str, object] = raw()

    @property
    def expiry(self) -> datetime:
        """``expires`` as an aware datetime; raises `PayloadError` where it is no time."""
        return parse_time(self.expires)


@attrs.frozen(kw_only=True, repr=False)
class TokenRevoked(Model):
    """The token that made the call works no more."""

    status: str = word()
    message: str = word()
    raw: Mapping[str, object] = raw()


@attrs.frozen(kw_only=True, repr=False)
class OrganizationEmail(Model):
    """An address that may act for the organization: its ``owner``, or a ``member``."""

    id: str = attrs.field(metadata=meta())
    email: str = attrs.field(default="", metadata=meta(sensitive=True))
    role: str = word()
    added_at: str = word()
    raw: Mapping[str, object] = raw()
