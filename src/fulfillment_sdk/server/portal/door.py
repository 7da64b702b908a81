"""Who comes in, and how everything that goes wrong inside is answered.

An endpoint of the portal is a function of (desk, request, who); the door turns it into one of
Starlette's: it checks the token first, and knows every refusal.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Final

import attrs
import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from fulfillment_sdk import strictjson
from fulfillment_sdk.errors import IllegalTransition, PayloadError, StoreError
from fulfillment_sdk.server.heavy import Busy
from fulfillment_sdk.server.http import (
    BodyTooLarge,
    Endpoint,
    bearer,
    constant_time_equal,
    read_body,
    request_id,
    status_error,
)
from fulfillment_sdk.server.portal import staff
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.refusal import Refusal, not_found
from fulfillment_sdk.server.portal.staff import Member
from fulfillment_sdk.server.windows import Windows, caller

BODY_LIMIT: Final = 256 * 1024
MOST: Final = 200
USUAL: Final = 50

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_ORGANIZATION: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,18}", re.ASCII)
_BUSY: Final = {"Retry-After": "5"}
_MINUTE: Final = 60.0
_FAILURES: Final = 60

_log = logging.getLogger(__name__)

StaffHandler = Callable[[Desk, Request, Member], Awaitable[Response]]
IntakeHandler = Callable[[Desk, Request], Awaitable[Response]]


@attrs.frozen
class Crowd:
    """How often staff may call: each person from an address, and tokens that don't count.

    The gateway's own calls are not counted: it counts its partners'.
    """

    calls: Windows
    failures: Windows

    @classmethod
    def of(cls, call_rate: int, *, dev: bool) -> Crowd:
        """Return windows for ``call_rate`` calls a minute."""
        failures = max(call_rate, _FAILURES) if dev else _FAILURES
        return cls(Windows(call_rate, seconds=_MINUTE), Windows(failures, seconds=_MINUTE))


@attrs.frozen(kw_only=True)
class Door:
    """Lets in staff and the gateway. ``desk()`` raises ``StoreError`` before the portal started."""

    desk: Callable[[], Desk]
    crowd: Crowd
    staff_token: str = attrs.field(repr=False)
    intake_token: str = attrs.field(repr=False)

    def for_staff(self, handler: StaffHandler) -> Endpoint:
        """Wrap what needs a staff token (contract, section 7)."""

        async def endpoint(request: Request) -> Response:
            try:
                desk = self.desk()
                member = await self._member(desk, bearer(request))
                address, now = caller(request), desk.clock()
                if member is None:
                    wait = self.crowd.failures.wait(address, now)
                    return _unauthorized() if wait is None else _too_many(wait)
                wait = self.crowd.calls.wait((member.id, address), now)
                if wait is not None:
                    return _too_many(wait)
                return await handler(desk, request, member)
            except _KNOWN as error:
                return answer(error)

        return endpoint

    def for_gateway(self, handler: IntakeHandler) -> Endpoint:
        """Wrap what needs the intake token (contract, section 4, "Inner hops").

        Of a call that may change something one line is logged; the request's id is the gateway's.
        """

        async def answered(request: Request) -> Response:
            try:
                token = bearer(request)
                if token is None or not constant_time_equal(token, self.intake_token):
                    return _unauthorized()
                return await handler(self.desk(), request)
            except _KNOWN as error:
                return answer(error)

        async def endpoint(request: Request) -> Response:
            response = await answered(request)
            if request.method not in ("GET", "HEAD"):
                _log.info(
                    "the gateway was answered",
                    extra={
                        "call": handler.__name__,
                        "status": response.status_code,
                        "request_id": request_id(request.scope),
                    },
                )
            return response

        return endpoint

    async def _member(self, desk: Desk, token: str | None) -> Member | None:
        if token is None:
            return None
        if constant_time_equal(token, self.staff_token):
            return staff.FIRST_ADMIN
        return await desk.store.read(lambda connection: staff.by_token(connection, token))


_KNOWN: Final = (
    Refusal,
    IllegalTransition,
    BodyTooLarge,
    PayloadError,
    Busy,
    StoreError,
    sa.exc.IntegrityError,
)


def answer(error: Exception) -> Response:
    """Answer an error that an endpoint raised; none of the texts holds a value that was sent."""
    match error:
        case Refusal():
            return status_error(error.message, error.status)
        case IllegalTransition():
            return status_error(str(error), 409)
        case BodyTooLarge():
            return status_error("The request body is too large", 413)
        case Busy():
            return status_error("Too many reports at once", 503, headers=_BUSY)
        case PayloadError():
            return status_error("Invalid JSON in request body", 400)
        case _:
            return status_error("The portal's store is not available", 503, headers=_BUSY)


async def json_body(request: Request, *, limit: int = BODY_LIMIT) -> dict[str, object]:
    """Read a request's JSON object of at most ``limit`` bytes."""
    return strictjson.parse_object(await read_body(request, limit))


def path_id(request: Request, name: str) -> str:
    """Return an id from the path; what can't be one is not found."""
    value = str(request.path_params[name])
    if not _ID.fullmatch(value):
        raise not_found()
    return value


def organization_id_of(value: object) -> str:
    """Return for whom the gateway asks; what belongs to nobody is not found."""
    if not isinstance(value, str) or not _ORGANIZATION.fullmatch(value):
        raise not_found()
    return value


def page(request: Request) -> tuple[int | None, int]:
    """Return ``after`` and ``limit`` of a list (contract, section 5): at most 200 items."""
    after = request.query_params.get("after")
    if after and not _NUMBER.fullmatch(after):
        raise Refusal(400, "Invalid value for field: after")
    return int(after) if after else None, page_size(request)


def page_size(request: Request) -> int:
    """Return the ``limit`` of a list (contract, section 5): at most 200 items."""
    limit = request.query_params.get("limit")
    if limit and not _NUMBER.fullmatch(limit):
        raise Refusal(400, "Invalid value for field: limit")
    return min(max(int(limit or USUAL), 1), MOST)


def _too_many(wait: int) -> Response:
    return status_error("Too many requests", 429, headers={"Retry-After": str(wait)})


def _unauthorized() -> Response:
    return status_error(
        "Invalid or expired authentication token", 401, headers={"WWW-Authenticate": "Bearer"}
    )
