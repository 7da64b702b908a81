"""From an e-mail address to a token: codes and the mail that carries them.

A code is bound to the address alone, not to the organisation, and may be tried without end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from tests.fakes.deployed_gateway.organizations import Organizations
from tests.fakes.deployed_gateway.wire import Answer, Request, as_json, refused

TEN_MINUTES: Final = 600.0


@dataclass(slots=True)
class Letter:
    """A mail with a code in it."""

    to: str
    code: str


@dataclass(slots=True)
class Mail:
    """The mail server: `down` for all, or refusing those in `refused`; `sent` is what it took."""

    down: bool = False
    refused: set[str] = field(default_factory=set)
    sent: list[Letter] = field(default_factory=list)
    on_sent: Callable[[Letter], None] | None = None

    def code_for(self, address: str) -> str:
        """The code of the newest letter to an address."""
        return [letter.code for letter in self.sent if letter.to == address][-1]

    def deliver(self, letter: Letter) -> bool:
        """Whether the letter was taken."""
        if self.down or letter.to in self.refused:
            return False
        self.sent.append(letter)
        if self.on_sent is not None:
            self.on_sent(letter)
        return True


@dataclass(slots=True)
class Code:
    """The newest code of an address."""

    code: str
    expires_at: float
    used: bool = False


@dataclass(slots=True)
class Verifications:
    """The two calls, and the codes between them by address."""

    clock: Callable[[], float]
    new_code: Callable[[], str]
    mail: Mail
    organizations: Organizations
    codes: dict[str, Code] = field(default_factory=dict)

    def request(self, request: Request) -> Answer:
        """`request-verification/`: whatever the mail server takes is an address."""
        given = _fields(request)
        if given is None:
            return _broken()
        email, name = given.get("email"), given.get("organization_name")
        if not email or not name:
            return refused(400, "Email and organization name are required")
        if not isinstance(email, str):
            return _broken()
        code = Code(self.new_code(), self.clock() + TEN_MINUTES)
        self.codes[email] = code
        if not self.mail.deliver(Letter(email, code.code)):
            return refused(500, "Failed to send verification email")
        return as_json(
            200,
            {
                "status": "success",
                "message": "Verification code sent to provided email",
                "email": email,
                "expires_at": datetime.fromtimestamp(code.expires_at, UTC).isoformat(),
            },
        )

    def verify(self, request: Request) -> Answer:
        """`verify-otp/`: a token for whatever organisation is named."""
        given = _fields(request)
        if given is None:
            return _broken()
        email, otp, name = (given.get(key) for key in ("email", "otp", "organization_name"))
        if not email or not otp or not name:
            return refused(400, "Email, OTP, and organization name are required")
        pending = self.codes.get(str(email))
        if pending is None or pending.used:
            return refused(404, "No pending verification found for this email")
        if self.clock() >= pending.expires_at:
            return refused(400, "Verification has expired, please request a new code")
        if otp != pending.code:
            return refused(400, "Invalid verification code")
        pending.used = True
        organization = self.organizations.named(str(name))
        token, expires = self.organizations.issue(organization)
        return as_json(
            200,
            {
                "status": "success",
                "message": "Email verified successfully",
                "token": token,
                "organization_id": organization.id,
                "expires": expires,
            },
        )


def _fields(request: Request) -> dict[str, object] | None:
    try:
        given = json.loads(request.body)
    except ValueError:
        return None
    return given if isinstance(given, dict) else None


def _broken() -> Answer:
    """What is no JSON object breaks the call, instead of being refused by it."""
    return refused(500, "An unexpected error occurred")
