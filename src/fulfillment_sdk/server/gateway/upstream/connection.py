"""One pool of connections to the portal, and how a request goes over it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import aiohttp

CHUNK: Final = 64 * 1024

FAILURES: Final = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
"""What a call may end in where the portal is down, slow, or answers what it never answers."""

_HINTS: Final = {
    401: ": FULFILLMENT_INTAKE_TOKEN must be the same at gateway and portal",
    404: ": FULFILLMENT_PORTAL_URL must name the portal",
}

_logger = logging.getLogger(__name__)


class Connection:
    """Speaks HTTP to the portal; to be made inside a running loop.

    ``url`` is the portal's own address and ``token`` the intake credential. Neither redirects nor
    proxies nor cookies are followed: the hop is the one that the operator set.
    """

    def __init__(self, url: str, *, token: str) -> None:
        self._url = url.rstrip("/")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=256),
            headers={"Authorization": f"Bearer {token}"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    @asynccontextmanager
    async def send(
        self,
        method: str,
        path: str,
        *,
        request_id: str,
        timeout: aiohttp.ClientTimeout,
        what: str = "call",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        own_failure: Callable[[], Exception | None] = lambda: None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request to ``path`` below the portal's intake; its answer lasts as the block.

        ``path`` is quoted already. ``request_id`` goes along, so that both logs name it; ``what``
        is the call's name there. Raises one of ``FAILURES``, and logs it, where the portal fails.
        ``own_failure`` returns what went wrong on our side of a streamed body: then the portal is
        not to blame, and that is raised.
        """
        try:
            async with self._session.request(
                method,
                f"{self._url}/portal/api/intake/{path}",
                params=dict(query or {}),
                data=body,
                headers={"X-Request-Id": request_id, **(headers or {})},
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                # One line for what may change something, as at the portal's door.
                _logger.log(
                    logging.DEBUG if method in ("GET", "HEAD") else logging.INFO,
                    "the portal answered",
                    extra={"call": what, "status": response.status, "request_id": request_id},
                )
                yield response
        except FAILURES as error:
            ours = own_failure()
            if ours is not None:
                raise ours from None
            _logger.error(
                "portal %s failed: %s (FULFILLMENT_PORTAL_URL names %s)",
                what,
                type(error).__name__,
                host(self._url),
                extra={"request_id": request_id},
            )
            raise

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def log_unusable(what: str, status: int, *, request_id: str) -> None:
    """Log that a call was answered with what can't be passed on, and what may have to be set."""
    _logger.error(
        "portal %s answered %d, unusable%s",
        what,
        status,
        _HINTS.get(status, ""),
        extra={"request_id": request_id},
    )


def host(url: str) -> str:
    """Return what of an address may be logged: no user, no password, no path."""
    return urlsplit(url).netloc.rpartition("@")[2]


async def bounded(content: aiohttp.StreamReader, most: int) -> bytes:
    """Return a whole body; raises ``ValueError`` where it is longer than the portal answers."""
    body = bytearray()
    async for chunk in content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > most:
            raise ValueError("the portal's answer is too long")
    return bytes(body)
