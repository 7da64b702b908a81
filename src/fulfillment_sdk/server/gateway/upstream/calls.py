"""The calls about cases that the portal answers with JSON (contract, sections 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import aiohttp
from attrs import field, frozen

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.server.gateway.upstream.connection import (
    FAILURES,
    Connection,
    bounded,
    log_unusable,
)
from fulfillment_sdk.strictjson import dumps, parse_object

SECONDS: Final = 10.0
"""Time limit of a call."""

_MOST_ANSWER: Final = 4 * 1024 * 1024
_JSON: Final = {"Content-Type": "application/json"}


@frozen
class Reply:
    """A usable answer of the portal: its status and its JSON object, byte for byte."""

    status: int
    body: bytes = field(repr=False)


def read_reply(status: int, body: bytes) -> Reply | None:
    """Decide whether an answer of the portal can be passed on; never raises.

    A refusal counts only in the portal's own words: another server's 404, or that of a portal
    which doesn't have the call yet, says nothing about a case.
    """
    if status not in (200, 400, 404, 409):
        return None
    try:
        answer = parse_object(body)
    except PayloadError:
        return None
    if status != 200 and not (answer.get("status") == "error" and "message" in answer):
        return None
    return Reply(status, body)


class Calls:
    """What a partner asks of its cases, put to the portal.

    Each call returns the portal's answer, or ``None`` where it gave no usable one: then the
    outcome may be unknown, and each of them may be repeated.
    """

    def __init__(self, connection: Connection, *, seconds: float = SECONDS) -> None:
        self._connection = connection
        self._timeout = aiohttp.ClientTimeout(total=seconds)

    async def list_cases(
        self, query: Mapping[str, str], *, organization_id: str, request_id: str
    ) -> Reply | None:
        """Ask for a page of an organisation's cases; ``query`` has paging and filters."""
        asked = {**query, "organization_id": organization_id}
        return await self._ask("list", "GET", "cases/", query=asked, request_id=request_id)

    async def show_case(
        self, case_id: str, *, organization_id: str, request_id: str
    ) -> Reply | None:
        """Ask for one case, with its timeline."""
        asked = {"organization_id": organization_id}
        return await self._ask("show", "GET", _case(case_id), query=asked, request_id=request_id)

    async def cancel(self, case_id: str, *, organization_id: str, request_id: str) -> Reply | None:
        """Have a case cancelled."""
        path, body = f"{_case(case_id)}cancel/", {"organization_id": organization_id}
        return await self._ask("cancel", "POST", path, body=body, request_id=request_id)

    async def reissue_report(
        self, case_id: str, *, organization_id: str, request_id: str
    ) -> Reply | None:
        """Have a case's report issued again."""
        path, body = f"{_case(case_id)}report/", {"organization_id": organization_id}
        return await self._ask("reissue", "POST", path, body=body, request_id=request_id)

    async def _ask(
        self,
        what: str,
        method: str,
        path: str,
        *,
        request_id: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Reply | None:
        try:
            async with self._connection.send(
                method,
                path,
                what=what,
                query=query,
                body=None if body is None else dumps(dict(body)),
                headers=None if body is None else _JSON,
                request_id=request_id,
                timeout=self._timeout,
            ) as response:
                reply = read_reply(response.status, await bounded(response.content, _MOST_ANSWER))
                if reply is None:
                    log_unusable(what, response.status, request_id=request_id)
                return reply
        except FAILURES:
            return None


def _case(case_id: str) -> str:
    return f"cases/{quote(case_id, safe='')}/"
