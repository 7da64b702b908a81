"""The body of an answer, taken piece by piece as a shell gets it."""

from __future__ import annotations

from fulfillment_sdk.client.calls.answers import succeeded, unexpected
from fulfillment_sdk.client.calls.call import Answer, Sink


class Intake:
    """Puts a good answer's body into the call's sink, and any other into memory.

    What the sink or a limit refuses is an UnexpectedAnswer.
    """

    def __init__(self, head: Answer, sink: Sink | None, *, limit: int) -> None:
        self.head = head
        self._limit = limit
        self._sink = sink if succeeded(head) else None
        self._body = bytearray()
        if self._sink is not None:
            self._sink.begin(head)

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        if self._sink is not None:
            self._sink.write(piece)
            return
        self._body += piece
        if len(self._body) > self._limit:
            raise unexpected(self.head, f"The answer is larger than {self._limit} bytes")

    def finish(self) -> Answer:
        """The answer with all of its body; a streamed one is left empty."""
        head = self.head
        return Answer(head.method, head.url, head.status, head.headers, bytes(self._body))
