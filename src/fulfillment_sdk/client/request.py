"""What a shell sends for one try."""

from __future__ import annotations

from typing import Final

import attrs

from fulfillment_sdk.client.call import Upload

CONNECT_TIMEOUT: Final = 10.0


@attrs.frozen
class Request:
    """What goes out now; `timeout` is in seconds, `number` counts what a call sends, from 1."""

    method: str
    path: str
    headers: dict[str, str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(repr=False)
    timeout: float
    upload: Upload | None = attrs.field(default=None, repr=False)
    number: int = 1

    @property
    def connect_timeout(self) -> float:
        """The seconds for the connection alone: what surely never arrived may be sent again."""
        return min(CONNECT_TIMEOUT, self.timeout)
