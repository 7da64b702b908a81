"""`client.auth`: from an e-mail address to a bearer token (contract, section 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from fulfillment_sdk import strictjson
from fulfillment_sdk.client.answers import json_object, text, unexpected
from fulfillment_sdk.client.call import WEBFORM, Answer, Call, KnownWords, Repeat, Runner
from fulfillment_sdk.errors import (
    CodeExpired,
    NoPendingVerification,
    ServerError,
    TooManyRequests,
    WrongCode,
)
from fulfillment_sdk.models import AccessToken, CodeSent, TokenRevoked

T = TypeVar("T")

SENDING: Final = (
    KnownWords(
        502,
        "send verification email",
        ServerError,
        "Repeat later: the gateway could not send its mail. (An earlier code may be void.)",
    ),
)
VERIFYING: Final = (
    # Five wrong codes. The server's `Retry-After` is for those who would go on with this one.
    KnownWords(
        429,
        "attempts",
        TooManyRequests,
        "Request a new verification code: there is no need to wait.",
    ),
    KnownWords(400, "invalid verification", WrongCode),
    KnownWords(400, "expired", CodeExpired),
    KnownWords(404, "no pending", NoPendingVerification),
)


class Auth:
    """From an address to a token; the calls that answer one make the client use it from then on."""

    def __init__(self, runner: Runner, use_token: Callable[[str | None], None]) -> None:
        self._runner = runner
        self._use_token = use_token

    def request_verification(self, *, email: str, organization_name: str) -> CodeSent:
        """Have a six-digit code sent to `email`; it is good for ten minutes.

        Raises BadRequest for what is no address, TooManyRequests, and OutcomeUnknown if no answer
        came. The answer is the same whatever the organization is: the mail says more. Contract,
        section 1.
        """
        return self._runner.run(request_verification(email, organization_name))

    def verify_otp(self, *, email: str, otp: str, organization_name: str) -> AccessToken:
        """Trade the code for a token, which the client uses from then on.

        Raises WrongCode, CodeExpired, NoPendingVerification (also for a code that was used),
        TooManyRequests after five wrong codes, and Forbidden while the organization is not
        approved. Contract, section 1.
        """
        answer = self._runner.run(verify_otp(email, otp, organization_name))
        self._use_token(answer.token)
        return answer

    def legacy_token(self, *, organization_name: str, organization_email: str) -> AccessToken:
        """Get a token without a code, which the client uses from then on.

        For servers that still allow it: NotOffered elsewhere, Forbidden if name and address do
        not match. Contract, section 1.
        """
        answer = self._runner.run(legacy_token(organization_name, organization_email))
        self._use_token(answer.token)
        return answer

    def revoke(self) -> TokenRevoked:
        """End the token that the client uses, everywhere and at once; it then has none.

        Raises Unauthorized where it was worth nothing before, and NotOffered. Contract, section 1.
        """
        answer = self._runner.run(revoke())
        self._use_token(None)
        return answer


def request_verification(email: str, organization_name: str) -> Call[CodeSent]:
    """The call that has a code sent; not repeated, since a new code voids the one before."""
    return _call(
        "request-verification/",
        {"email": email, "organization_name": organization_name},
        _read_code_sent,
        known=SENDING,
        unknown_remedy="Look for the code in the mailbox before you request another.",
    )


def verify_otp(email: str, otp: str, organization_name: str) -> Call[AccessToken]:
    """The call that trades a code for a token; a code works once, so it is not repeated."""
    if not isinstance(otp, str):
        raise TypeError("otp must be a str: a code may begin with zeros")
    return _call(
        "verify-otp/",
        {"email": email, "otp": otp.strip(), "organization_name": organization_name},
        _read_token,
        known=VERIFYING,
        unknown_remedy="The code may be used up: request a new verification code.",
    )


def legacy_token(organization_name: str, organization_email: str) -> Call[AccessToken]:
    """The direct call for a token, which may be repeated."""
    return _call(
        "token/",
        {"organization_name": organization_name, "organization_email": organization_email},
        _read_token,
        feature="legacy token",
        repeat=Repeat.SAFE,
    )


def revoke() -> Call[TokenRevoked]:
    """The call that ends its own token; a refused one proves that an earlier try has done so."""
    return Call(
        "POST",
        f"{WEBFORM}auth/revoke/",
        _read_revoked,
        feature="token revocation",
        beyond=True,
        proof=401,
    )


def _call(
    name: str,
    body: Mapping[str, str],
    read: Callable[[Answer], T],
    *,
    feature: str = "e-mail verification",
    repeat: Repeat = Repeat.ONCE,
    known: tuple[KnownWords, ...] = (),
    unknown_remedy: str = "",
) -> Call[T]:
    return Call(
        "POST",
        f"{WEBFORM}auth/{name}",
        read,
        feature=feature,
        body=strictjson.dumps(body),
        repeat=repeat,
        bearer=False,
        known=known,
        unknown_remedy=unknown_remedy,
    )


def _read_code_sent(answer: Answer) -> CodeSent:
    body = json_object(answer)
    if not body.keys() & {"status", "message", "email", "expires_at"}:
        raise unexpected(answer, "The answer says nothing about a verification code")
    return CodeSent(
        status=text(body.get("status")) or "",
        message=text(body.get("message")) or "",
        email=text(body.get("email")),
        expires_at=text(body.get("expires_at")) or "",
        raw=body,
    )


def _read_token(answer: Answer) -> AccessToken:
    body = json_object(answer)
    token = text(body.get("token"))
    if token is None:
        raise unexpected(answer, "The answer holds no token")
    return AccessToken(
        status=text(body.get("status")) or "",
        message=text(body.get("message")) or "",
        token=token,
        organization_id=text(body.get("organization_id")) or "",
        expires=text(body.get("expires")) or "",
        raw=body,
    )


def _read_revoked(answer: Answer) -> TokenRevoked:
    if not answer.body:  # an earlier try has done it, and its answer was lost
        return TokenRevoked()
    body = json_object(answer)
    return TokenRevoked(
        status=text(body.get("status")) or "", message=text(body.get("message")) or "", raw=body
    )
