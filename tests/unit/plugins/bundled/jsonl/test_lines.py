"""A line is one event, whatever its bytes are."""

from __future__ import annotations

import json

import pytest

from fulfillment_sdk.plugins.bundled.jsonl.lines import BEGINNING, is_torn, line_of
from tests.unit.plugins.bundled.deliveries import about_a_case, delivery


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b'"x"', b"\xff", b'{"a":1}{"b":2}', b'{"a":1,"a":2}']
)
def test_what_is_no_json_object_makes_no_line(body: bytes) -> None:
    assert line_of(delivery(body)) is None


def test_a_body_over_several_lines_is_one_line_of_the_same_value() -> None:
    body = b'\r\n{\n  "id": "evt_1",\r\n  "data": {"message": "a\\nb"}\n}\n'

    line = line_of(delivery(body))

    assert line is not None
    assert line.count(b"\n") == 1
    assert json.loads(line)["event"] == {"id": "evt_1", "data": {"message": "a\nb"}}


def test_the_bytes_of_a_body_stand_in_the_line_as_they_came() -> None:
    body = '{"data": {"n": 1.10, "text": "né"},   "id":"evt_1"}'.encode()

    line = line_of(delivery(body))

    assert line == b'{"received_at":"2025-04-06T16:00:00.000000Z","event":' + body + b"}\n"


def test_a_body_may_be_nested_as_deep_as_a_receiver_takes_it() -> None:
    body = b'{"data":' + b"[" * 50 + b"]" * 50 + b"}"

    line = line_of(delivery(body))

    assert line is not None
    assert body in line


def test_every_line_begins_as_a_torn_one_is_known_by() -> None:
    line = line_of(about_a_case())

    assert line is not None
    assert line.startswith(BEGINNING)


@pytest.mark.parametrize("length", range(1, 40))
def test_a_line_of_ours_is_known_wherever_it_breaks_off(length: int) -> None:
    line = line_of(about_a_case())

    assert line is not None
    assert is_torn(line[:length][: len(BEGINNING)])


@pytest.mark.parametrize("tail", [b"2025-04-06 hello", b'{"other":1', b"{ "])
def test_what_somebody_else_wrote_is_not_torn(tail: bytes) -> None:
    assert not is_torn(tail)


def test_zeros_that_a_lost_machine_left_are_torn() -> None:
    assert is_torn(b"\0" * 16)
