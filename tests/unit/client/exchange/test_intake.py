from __future__ import annotations

import pytest

from fulfillment_sdk import errors
from fulfillment_sdk.client.calls.call import Answer
from fulfillment_sdk.client.exchange.intake import Intake
from tests.unit.client.support import CASES


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.heads: list[Answer] = []
        self.pieces: list[bytes] = []

    def begin(self, answer: Answer) -> None:
        self.heads.append(answer)

    def write(self, piece: bytes) -> None:
        self.pieces.append(piece)


def head(status: int = 200) -> Answer:
    return Answer("GET", CASES, status, {"x-request-id": "req-1"})


def test_the_pieces_of_a_body_are_put_together() -> None:
    intake = Intake(head(), None, limit=10)
    intake.take(b"{}")
    intake.take(b"  ")
    answer = intake.finish()
    assert answer.body == b"{}  "
    assert (answer.status, answer.headers) == (200, {"x-request-id": "req-1"})


def test_a_good_body_goes_into_the_sink_and_not_into_memory() -> None:
    sink = Kept()
    intake = Intake(head(), sink, limit=1)
    intake.take(b"%PDF-")
    assert intake.finish().body == b""
    assert (len(sink.heads), sink.pieces) == (1, [b"%PDF-"])


@pytest.mark.parametrize("status", [302, 404, 410, 500])
def test_a_refusal_is_kept_from_the_sink(status: int) -> None:
    sink = Kept()
    intake = Intake(head(status), sink, limit=10)
    intake.take(b"{}")
    assert intake.finish().body == b"{}"
    assert (sink.heads, sink.pieces) == ([], [])


def test_what_is_too_large_is_refused_as_soon_as_it_is() -> None:
    intake = Intake(head(), None, limit=3)
    intake.take(b"123")
    with pytest.raises(errors.UnexpectedAnswer, match="larger than 3 bytes") as raised:
        intake.take(b"4")
    assert raised.value.request_id == "req-1"
