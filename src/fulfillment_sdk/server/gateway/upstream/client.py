"""The pool, with the call that everything begins with: a case is created."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Final

import aiohttp

from fulfillment_sdk.server.gateway.upstream.calls import Calls
from fulfillment_sdk.server.gateway.upstream.connection import (
    FAILURES,
    Connection,
    bounded,
    log_unusable,
)
from fulfillment_sdk.server.gateway.upstream.intake import (
    UNUSABLE,
    IntakeAnswer,
    read_intake_answer,
)
from fulfillment_sdk.server.gateway.upstream.streams import Streams
from fulfillment_sdk.strictjson import dumps

INTAKE_SECONDS: Final = 10.0
"""Time limit of a case creation: well within the lease of a reservation."""

_MOST_ANSWER: Final = 1024 * 1024
_ONE_BLOCK: Final = 1024 * 1024  # aiohttp wants larger bodies in pieces


class PortalClient:
    """Speaks to the portal over one pool of connections; to be made inside a running loop.

    ``url`` is the portal's own address and ``token`` the intake credential. ``calls`` and
    ``streams`` are the other calls over the same pool.
    """

    def __init__(self, url: str, *, token: str, intake_seconds: float = INTAKE_SECONDS) -> None:
        self._connection = Connection(url, token=token)
        self._intake = aiohttp.ClientTimeout(total=intake_seconds)
        self.calls = Calls(self._connection)
        self.streams = Streams(self._connection)

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
        try:
            async with self._connection.send(
                "POST",
                "",
                what="intake",
                body=body if len(body) <= _ONE_BLOCK else io.BytesIO(body),
                headers={"Content-Type": "application/json"},
                request_id=request_id,
                timeout=self._intake,
            ) as response:
                answer = read_intake_answer(
                    response.status, await bounded(response.content, _MOST_ANSWER)
                )
                if answer.kind == "unusable":
                    log_unusable("intake", response.status, request_id=request_id)
                return answer
        except FAILURES:
            return UNUSABLE

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()
