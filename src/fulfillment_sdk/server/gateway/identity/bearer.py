"""Who is calling: the one place that decides whether a bearer token counts."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from attrs import frozen
from starlette.requests import Request

from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity import issued, organizations
from fulfillment_sdk.server.gateway.identity.tokens import Claims, InvalidToken


@frozen
class Principal:
    """The organisation that a valid token speaks for."""

    claims: Claims
    organization: organizations.Organization

    @property
    def id(self) -> str:
        """The organisation's id."""
        return self.organization.id


async def principal(context: Context, request: Request, *, counted: bool = True) -> Principal:
    """Return who is calling, and count the call: before anything is read of its body.

    ``counted=False`` is for calls that have a limit of their own.

    Raises ``Refused`` with the 401 for a token that is missing, malformed, forged, expired, revoked
    or of an organisation that is gone, and with the 403 for one whose organisation is not active
    (contract, sections 1 and 2). Both take effect at once: the store is asked at every call. Where
    the limit is reached it is the 429 instead, and the store is not asked.
    """
    token, now = http.bearer(request), context.clock()
    try:
        claims = context.token_keys.read(token or "", now=now)
    except InvalidToken:
        raise _no_entry(context, request) from None
    if counted:
        _count(context, request, claims.organization_id)

    def look(
        connection: sa.Connection,
    ) -> tuple[bool, organizations.Organization | None]:
        revoked = issued.is_revoked(connection, claims.jti)
        return revoked, organizations.get(connection, claims.organization_id)

    revoked, organization = await context.store.read(look)
    if revoked or organization is None:
        raise _no_entry(context, request)
    if organization.state != "active":
        raise Refused(answers.not_authorized(organizations.DETAILS[organization.state]))
    return Principal(claims, organization)


def check_staff(context: Context, request: Request) -> None:
    """Raise ``Refused`` unless the staff token is given (contract, section 7); count the call."""
    given = hashlib.sha256((http.bearer(request) or "").encode(errors="replace")).hexdigest()
    wanted = hashlib.sha256(context.settings.staff_token.encode()).hexdigest()
    # Digests first: the time of the comparison tells nothing about the token's length either.
    if not context.settings.staff_token or not http.constant_time_equal(given, wanted):
        raise _no_entry(context, request)
    _count(context, request, "")


def _count(context: Context, request: Request, owner: str) -> None:
    wait = context.traffic.call(owner, request, context.clock())
    if wait is not None:
        raise Refused(answers.too_many(wait))


def _no_entry(context: Context, request: Request) -> Refused:
    """Return the 401, or from an address that has met it too often the 429."""
    wait = context.traffic.failure(request, context.clock())
    return Refused(answers.invalid_token() if wait is None else answers.too_many(wait))
