"""Which type a file is, by its content alone."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.portal.files.kinds import HEAD, Recognizer, UnknownKind
from tests.unit.server.portal.files.contents import DOCX, KNOWN, PNG, UNKNOWN


def kind_of(content: bytes, *, piece: int) -> str:
    recognizer = Recognizer()
    for start in range(0, len(content), piece):
        recognizer.feed(content[start : start + piece])
    return recognizer.kind().content_type


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_in_no_row_of_the_table_is_refused(name: str, piece: int) -> None:
    with pytest.raises(UnknownKind):
        kind_of(UNKNOWN[name], piece=piece)


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("name", KNOWN)
def test_a_kind_is_told_by_the_content_however_it_comes_in(name: str, piece: int) -> None:
    content, expected = KNOWN[name]
    assert kind_of(content, piece=piece) == expected


def test_a_refusal_comes_as_soon_as_it_is_certain() -> None:
    recognizer = Recognizer()
    with pytest.raises(UnknownKind):
        recognizer.feed(UNKNOWN["a program"].ljust(HEAD, b"\0"))


def test_a_control_character_late_in_a_text_ends_it() -> None:
    recognizer = Recognizer()
    recognizer.feed(b"a" * 100_000)
    with pytest.raises(UnknownKind):
        recognizer.feed(b"\x00")


def test_a_document_keeps_being_one_whatever_is_in_its_directory_before() -> None:
    filler = b"PK\x03\x04" + b"\x00" * 26 + b"media/x"
    assert DOCX.startswith(b"PK\x03\x04")
    assert kind_of(filler + b"\x00" * 300_000 + DOCX, piece=4096).endswith(".document")


def test_the_beginning_is_all_that_is_kept_of_a_picture() -> None:
    recognizer = Recognizer()
    for _ in range(100):
        recognizer.feed(PNG * 10)
    assert recognizer._head == b""
    assert recognizer.kind().content_type == "image/png"
