"""Organisations and their tokens: HS256, good for 365 days, no `kid`, no revocation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import jwt

from tests.fakes.deployed_gateway.wire import Answer, Request, refused

YEAR: Final = 365 * 24 * 3600
_SCHEME: Final = "Bearer "


@dataclass(slots=True)
class Organization:
    """One organisation; whoever verifies any mailbox under its name acts for it."""

    id: str
    name: str
    active: bool = True


@dataclass(slots=True)
class Organizations:
    """All of them, the key that signs their tokens, and what a token is worth."""

    clock: Callable[[], float]
    new_id: Callable[[], str]
    key: str = field(repr=False)
    all: dict[str, Organization] = field(default_factory=dict)

    def named(self, name: str) -> Organization:
        """The organisation of that name, letter for letter; made if there is none."""
        for one in self.all.values():
            if one.name == name:
                return one
        return self.add(self.new_id(), name)

    def add(self, identifier: str, name: str) -> Organization:
        """Enter an organisation under an id of the caller's, unless it is there already."""
        return self.all.setdefault(identifier, Organization(identifier, name))

    def deactivate(self, identifier: str) -> None:
        """Switch an organisation off, as an administrator does."""
        self.all[identifier].active = False

    def issue(self, organization: Organization) -> tuple[str, str]:
        """A new token and its end, which is written without a zone (UTC is meant)."""
        now = self.clock()
        claims = {
            "org_id": organization.id,
            "org_name": organization.name,
            "exp": int(now) + YEAR,
            "iat": int(now),
            "jti": self.new_id(),
        }
        end = datetime.fromtimestamp(now + YEAR, UTC).replace(tzinfo=None)
        return self.sign(claims), end.isoformat()

    def sign(self, claims: dict[str, object]) -> str:
        """A token with these claims."""
        return jwt.encode(claims, self.key, algorithm="HS256")

    def refusal(self, request: Request) -> Answer | None:
        """Why a request may not pass, None if it may: the same words for all bad tokens."""
        header = request.headers.get("authorization", "")
        if not header.startswith(_SCHEME):
            return refused(401, "Authentication required. Please provide a valid bearer token.")
        organization = self._owner(header.split(" ")[1])
        if organization is None:
            return refused(401, "Invalid or expired token.")
        if not organization.active:
            return refused(403, "Organization access has been revoked.")
        return None

    def _owner(self, token: str) -> Organization | None:
        # The times are held against our own clock, not the machine's.
        try:
            claims = jwt.decode(
                token,
                self.key,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.InvalidTokenError:
            return None
        end = claims.get("exp")
        if isinstance(end, int) and end <= self.clock():
            return None
        return self.all.get(str(claims.get("org_id")))
