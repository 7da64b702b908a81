"""The authentication calls over HTTP (contract, section 1)."""

from __future__ import annotations

import logging
import math

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity import issued, verification
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.gateway.identity.names import MAX_NAME, email_key
from fulfillment_sdk.server.gateway.identity.organizations import DETAILS
from fulfillment_sdk.server.gateway.identity.verification import Grant, Pair, Refusal, TooMany
from fulfillment_sdk.server.gateway.mail.mailer import MailFailed
from fulfillment_sdk.server.windows import caller
from fulfillment_sdk.strictjson import FloatText
from fulfillment_sdk.times import format_time

_logger = logging.getLogger(__name__)

_REFUSALS: dict[str, tuple[int, str]] = {
    "none": (404, "No pending verification found for this email"),
    "wrong": (400, "Invalid verification code"),
    "expired": (400, "Verification has expired"),
    "exhausted": (429, "Too many attempts"),
    "pending": (403, answers.NOT_AUTHORIZED),
    "deactivated": (403, answers.NOT_AUTHORIZED),
}


class Auth:
    """``request-verification/``, ``verify-otp/``, ``token/`` and ``revoke/``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes under ``prefix``."""
        calls = {
            "request-verification": self.request_verification,
            "verify-otp": self.verify_otp,
            "token": self.legacy_token,
            "revoke": self.revoke,
        }
        return http.routes(prefix, [("POST", f"{name}/", call) for name, call in calls.items()])

    async def request_verification(self, request: Request) -> Response:
        """Mail a code, or the explanation why there is none: the answer is the same."""
        context = self._context
        body = await _object(context, request)
        given, name = _text(body, "email"), _text(body, "organization_name")
        if not given or not name:
            return http.status_error("Email and organization name are required", 400)
        pair = _pair(given, name)
        prepared = await context.store.write(
            lambda connection: verification.prepare(
                connection, context, pair, caller=caller(request)
            )
        )
        if isinstance(prepared, TooMany):
            return _too_many(prepared.retry_after)
        letter = prepared.letter
        try:
            await context.mailer.send(to=pair.email, subject=letter.subject, text=letter.text)
        except MailFailed as error:
            _logger.error("gateway mail not sent: %s", error.message)
            await context.store.write(
                lambda connection: verification.take_back(connection, prepared)
            )
            return http.status_error("Failed to send verification email", 502)
        return http.json_response(
            {
                "status": "success",
                "message": "Verification code sent to provided email",
                "email": given,
                "expires_at": format_time(prepared.expires_at),
            }
        )

    async def verify_otp(self, request: Request) -> Response:
        """Exchange a code for a token."""
        context = self._context
        body = await _object(context, request)
        given, name = _text(body, "email"), _text(body, "organization_name")
        code = _text(body, "otp")
        if not given or not name or not code:
            return http.status_error("Email, OTP, and organization name are required", 400)
        pair = _pair(given, name)
        outcome = await context.store.write(
            lambda connection: verification.redeem(connection, context, pair, code)
        )
        if isinstance(outcome, Grant):
            return self._token(outcome, "Email verified successfully")
        return _refusal(outcome)

    async def legacy_token(self, request: Request) -> Response:
        """Give a token for a name and its e-mail, where the operator has left that on."""
        context = self._context
        if not (context.settings.dev or context.settings.legacy_tokens):
            return answers.not_found()
        body = await _object(context, request)
        given, name = _text(body, "organization_email"), _text(body, "organization_name")
        if not given or not name:
            return http.status_error("Email and organization name are required", 400)
        pair = _pair(given, name)
        # Only failures count: guessing addresses is what has to be slow.
        wait = context.legacy_limit.look(caller(request), context.clock())
        if wait is not None:
            return _too_many(wait)
        granted = await context.store.write(
            lambda connection: verification.legacy(connection, context, pair)
        )
        if granted is None:
            context.legacy_limit.wait(caller(request), context.clock())
            return answers.not_authorized()
        _logger.warning(
            "gateway issued a token over the legacy call to organization %s",
            granted.claims.organization_id,
        )
        return self._token(granted, "Authentication token generated successfully.")

    async def revoke(self, request: Request) -> Response:
        """Revoke the token that the call is made with."""
        context = self._context
        who = await principal(context, request)
        now = context.clock()
        await context.store.write(lambda connection: issued.revoke(connection, who.claims, now=now))
        return http.json_response({"status": "success", "message": "Token revoked"})

    def _token(self, granted: Grant, message: str) -> Response:
        claims = granted.claims
        return http.json_response(
            {
                "status": "success",
                "message": message,
                "token": self._context.token_keys.sign(claims),
                "organization_id": claims.organization_id,
                "expires": format_time(claims.expires_at),
            },
            headers={"Cache-Control": "no-store"},
        )


async def _object(context: Context, request: Request) -> dict[str, object]:
    wait = context.traffic.stranger(request, context.clock())
    if wait is not None:
        raise Refused(_too_many(wait))
    try:
        return await answers.read_object(request)
    except PayloadError:
        raise Refused(http.status_error(answers.INVALID_JSON, 400)) from None
    except http.BodyTooLarge:
        raise Refused(http.status_error(answers.TOO_LARGE, 413)) from None


def _text(body: dict[str, object], field: str) -> str:
    """The field's text, ``""`` where it is absent, blank, or neither a text nor an integer."""
    value = body.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**18 else ""
    text = isinstance(value, str) and not isinstance(value, FloatText)
    return str(value).strip() if text else ""


def _pair(given: str, name: str) -> Pair:
    email = email_key(given)
    if email is None:
        raise Refused(http.status_error("Invalid email address", 400))
    pair = Pair.of(email, name)
    if not 1 <= len(pair.key) <= MAX_NAME:
        raise Refused(http.status_error("Invalid organization name", 400))
    return pair


def _refusal(refusal: Refusal) -> Response:
    status, message = _REFUSALS[refusal.why]
    if status == 429:
        return _too_many(refusal.retry_after)
    if status == 403:
        return answers.not_authorized(DETAILS[refusal.why])
    return http.status_error(message, status)


def _too_many(seconds: float) -> Response:
    return http.status_error(
        "Too many attempts", 429, headers={"Retry-After": str(max(1, math.ceil(seconds)))}
    )
