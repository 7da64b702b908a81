"""What a shell sends for one try."""

from __future__ import annotations

from typing import Final

import attrs

from fulfillment_sdk.client.calls.call import Upload

CONNECT_TIMEOUT: Final = 10.0

_BUFFERED: Final = 16 * 1024


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
        """The seconds for the connection alone: what surely never arrived may be sent again.

        HTTP libraries know no others for writing, so what no buffer holds gets all the time.
        """
        if self.upload is not None or len(self.body or b"") > _BUFFERED:
            return self.timeout
        return min(CONNECT_TIMEOUT, self.timeout)
