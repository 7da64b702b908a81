"""Who is calling: the one place that decides whether a bearer token counts."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from attrs import frozen
from starlette.requests import Request

from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers, issued, organizations
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.tokens import Claims, InvalidToken


@frozen
class Principal:
    """The organisation that a valid token speaks for."""

    claims: Claims
    organization: organizations.Organization

    @property
    def id(self) -> str:
        """The organisation's id."""
        return self.organization.id


async def principal(context: Context, request: Request) -> Principal:
    """Return who is calling.

    Raises ``Refused`` with the 401 for a token that is missing, malformed, forged, expired, revoked
    or of an organisation that is gone, and with the 403 for one whose organisation is not active
    (contract, sections 1 and 2). Both take effect at once: the store is asked at every call.
    """
    token = http.bearer(request)
    try:
        claims = context.token_keys.read(token or "", now=context.clock())
    except InvalidToken:
        raise Refused(answers.invalid_token()) from None

    def look(
        connection: sa.Connection,
    ) -> tuple[bool, organizations.Organization | None]:
        revoked = issued.is_revoked(connection, claims.jti)
        return revoked, organizations.get(connection, claims.organization_id)

    revoked, organization = await context.store.read(look)
    if revoked or organization is None:
        raise Refused(answers.invalid_token())
    if organization.state != "active":
        raise Refused(answers.not_authorized(organizations.DETAILS[organization.state]))
    return Principal(claims, organization)


def check_staff(context: Context, request: Request) -> None:
    """Raise ``Refused`` unless the staff token is given (contract, section 7)."""
    given = hashlib.sha256((http.bearer(request) or "").encode(errors="replace")).hexdigest()
    wanted = hashlib.sha256(context.settings.staff_token.encode()).hexdigest()
    # Digests first: the time of the comparison tells nothing about the token's length either.
    if not context.settings.staff_token or not http.constant_time_equal(given, wanted):
        raise Refused(answers.invalid_token())
