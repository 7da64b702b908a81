"""`client.auth`: from an e-mail address to a bearer token (contract, section 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from fulfillment_sdk import strictjson
from fulfillment_sdk.client import address
from fulfillment_sdk.client.calls.answers import json_object, text, unexpected
from fulfillment_sdk.client.calls.call import WEBFORM, Answer, Call, KnownWords, Repeat, Runner
from fulfillment_sdk.client.tokens.bearer import Bearer
from fulfillment_sdk.client.tokens.claims import TokenClaims
from fulfillment_sdk.errors import (
    CodeExpired,
    ConfigurationError,
    FulfillmentError,
    NoPendingVerification,
    ServerError,
    TokenNotKept,
    TooManyAttempts,
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
        TooManyAttempts,
        TooManyAttempts.default_remedy,
    ),
    KnownWords(400, "invalid verification", WrongCode),
    KnownWords(400, "expired", CodeExpired),
    KnownWords(404, "no pending", NoPendingVerification),
)


class Auth:
    """From an address to a token; the calls that answer one make the client use and keep it."""

    def __init__(self, runner: Runner, bearer: Bearer) -> None:
        self._runner = runner
        self._bearer = bearer

    @property
    def claims(self) -> TokenClaims | None:
        """What the client's token says of itself: for whom it acts, and until when.

        Nobody has checked it. None without a token, and for one that can't be read.
        """
        held = self._bearer.current()
        return None if held is None else held.claims

    def request_verification(self, *, email: str, organization_name: str) -> CodeSent:
        """Have a six-digit code sent to `email`; it is good for ten minutes.

        Raises BadRequest for what is no address, TooManyRequests, and OutcomeUnknown if no answer
        came. The answer is the same whatever the organization is: the mail says more. Contract,
        section 1.
        """
        return self._runner.run(request_verification(email, organization_name))

    def verify_otp(self, *, email: str, otp: str, organization_name: str) -> AccessToken:
        """Trade the code for a token, which the client uses, and its store keeps, from then on.

        Raises WrongCode, CodeExpired, NoPendingVerification (also for a code that was used),
        TooManyAttempts after five wrong codes, NotApproved, OrganizationInactive, and TokenNotKept
        if the store refuses the token. Contract, section 1.
        """
        return self._taken(self._runner.run(verify_otp(email, otp, organization_name)))

    def legacy_token(self, *, organization_name: str, organization_email: str) -> AccessToken:
        """Get a token without a code, which the client uses, and its store keeps, from then on.

        For servers that still allow it: NotOffered elsewhere, Forbidden if name and address do
        not match; TokenNotKept if the store refuses the token. Contract, section 1.
        """
        return self._taken(self._runner.run(legacy_token(organization_name, organization_email)))

    def revoke(self) -> TokenRevoked:
        """End the token that the client uses, everywhere and at once.

        Client and store forget it; one that has taken its place meanwhile they keep. Raises
        Unauthorized where it was worth nothing before, NotOffered, and what the store raises, once
        the token has ended, if it can't forget it. Contract, section 1.
        """
        held = self._bearer.current()
        answer = self._runner.run(revoke(None if held is None else held.token))
        if held is not None:
            self._bearer.forget(held)
        return answer

    def _taken(self, answer: AccessToken) -> AccessToken:
        try:
            self._bearer.take(answer.token)
        except Exception as error:  # noqa: BLE001  (the code is used up: nothing may lose its token)
            said = error.message if isinstance(error, FulfillmentError) else type(error).__name__
            raise TokenNotKept(f"The new token was not kept: {said}", answer=answer) from None
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


def revoke(token: str | None) -> Call[TokenRevoked]:
    """The call that ends `token`; a refused one proves that an earlier try has done so."""
    return Call(
        "POST",
        f"{WEBFORM}auth/revoke/",
        _read_revoked,
        feature="token revocation",
        beyond=True,
        proof=401,
        token=token,
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
    try:
        token = address.token(text(body.get("token")))
    except ConfigurationError:
        token = None
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
