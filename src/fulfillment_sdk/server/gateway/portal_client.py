"""The gateway's calls to the portal: create a case, fetch a report (contract, section 4)."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import quote, urlsplit

import aiohttp
from attrs import field, frozen

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.strictjson import dumps, parse_object

INTAKE_SECONDS = 10.0
"""Time limit of a case creation: well within the lease of a reservation."""

_REPORT_SECONDS = 30.0
_MOST_ANSWER = 1024 * 1024
_CHUNK = 64 * 1024
_ONE_BLOCK = 1024 * 1024  # aiohttp wants larger bodies in pieces

_UNUSABLE_HINTS = {
    401: ": FULFILLMENT_INTAKE_TOKEN must be the same at gateway and portal",
    404: ": FULFILLMENT_PORTAL_URL must name the portal",
}

_logger = logging.getLogger(__name__)


@frozen
class IntakeAnswer:
    """What the portal said of a case.

    - ``"created"``: ``body`` is its 201, to be passed on byte for byte; ``case_id`` and
      ``reference_number`` were read from it.
    - ``"refused"``: ``body`` is its 400, to be passed on byte for byte.
    - ``"unusable"``: anything else. The outcome may be unknown.
    """

    kind: Literal["created", "refused", "unusable"]
    body: bytes = field(default=b"", repr=False)
    case_id: str = ""
    reference_number: str = ""


UNUSABLE = IntakeAnswer("unusable")


def read_intake_answer(status: int, body: bytes) -> IntakeAnswer:
    """Decide what an answer of the portal's intake means; never raises."""
    if status not in (201, 400):
        return UNUSABLE
    try:
        answer = parse_object(body)
    except PayloadError:
        return UNUSABLE
    if status == 400:
        return IntakeAnswer("refused", body)
    case_id, number = answer.get("id"), answer.get("reference_number")
    if not (isinstance(case_id, str) and case_id and isinstance(number, str)):
        return UNUSABLE
    return IntakeAnswer("created", body, case_id, number)


@frozen
class Report:
    """The portal's answer to a report call; ``chunks`` may be read while the call lasts."""

    status: int
    length: str | None
    chunks: AsyncIterator[bytes] = field(repr=False)


class PortalClient:
    """Speaks to the portal over one pool of connections; to be made inside a running loop.

    ``url`` is the portal's own address and ``token`` the intake credential. Neither redirects nor
    proxies nor cookies are followed: the hop is the one that the operator set.
    """

    def __init__(self, url: str, *, token: str, intake_seconds: float = INTAKE_SECONDS) -> None:
        self._url = url.rstrip("/")
        self._intake = aiohttp.ClientTimeout(total=intake_seconds)
        self._report = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=_REPORT_SECONDS)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=256),
            headers={"Authorization": f"Bearer {token}"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def create_case(
        self,
        *,
        intake_id: str,
        organization_id: str,
        case: Mapping[str, object],
        request_id: str,
    ) -> IntakeAnswer:
        """Hand a case on; whatever happens, the answer is a value.

        ``intake_id`` is the gateway's own key, on which the portal is idempotent.
        """
        body = dumps(
            {"intake_id": intake_id, "organization_id": organization_id, "case": dict(case)}
        )
        headers = {"Content-Type": "application/json", "X-Request-Id": request_id}
        try:
            async with self._session.post(
                f"{self._url}/portal/api/intake/",
                data=body if len(body) <= _ONE_BLOCK else io.BytesIO(body),
                headers=headers,
                allow_redirects=False,
                timeout=self._intake,
            ) as response:
                answer = read_intake_answer(
                    response.status, await _bounded(response.content, _MOST_ANSWER)
                )
                if answer.kind == "unusable":
                    _logger.error(
                        "portal intake answered %d, unusable%s",
                        response.status,
                        _UNUSABLE_HINTS.get(response.status, ""),
                    )
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            _logger.error(
                "portal intake failed: %s (FULFILLMENT_PORTAL_URL names %s)",
                type(error).__name__,
                _host(self._url),
            )
            return UNUSABLE

    @asynccontextmanager
    async def report(
        self, case_id: str, *, organization_id: str, request_id: str
    ) -> AsyncIterator[Report]:
        """Ask for a case's report; its bytes are read chunk by chunk, never held as a whole.

        Raises ``aiohttp.ClientError``, ``TimeoutError`` or ``OSError`` where the portal fails.
        """
        async with self._session.get(
            f"{self._url}/portal/api/intake/cases/{quote(case_id, safe='')}/report/",
            params={"organization_id": organization_id},
            headers={"X-Request-Id": request_id, "Accept-Encoding": "identity"},
            allow_redirects=False,
            timeout=self._report,
        ) as response:
            yield Report(
                response.status,
                response.headers.get("Content-Length"),
                response.content.iter_chunked(_CHUNK),
            )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def _host(url: str) -> str:
    """What of an address may be logged: no user, no password, no path."""
    return urlsplit(url).netloc.rpartition("@")[2]


async def _bounded(content: aiohttp.StreamReader, most: int) -> bytes:
    """The whole body; raises ``ValueError`` where it is longer than the portal ever answers."""
    body = bytearray()
    async for chunk in content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > most:
            raise ValueError("the portal's answer is too long")
    return bytes(body)
