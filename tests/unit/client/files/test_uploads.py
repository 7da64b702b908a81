"""A file as a form, piece by piece."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import BinaryIO

import pytest

from fulfillment_sdk.client.files.uploads import PIECE, FormUpload, SourceFailed, opened
from fulfillment_sdk.errors import ConfigurationError

CONTENT = bytes(range(256)) * 1000


class Pipe(io.BytesIO):
    """A file that can't go back."""

    def seekable(self) -> bool:
        return False


class Bare:
    """The least that a file can be."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)
        self.largest = 0

    def read(self, size: int) -> bytes:
        self.largest = max(self.largest, size)
        return self._file.read(size)


def upload(file: BinaryIO, *, name: str = "gate.jpg") -> FormUpload:
    return FormUpload(file, name=name, boundary="b")


def test_the_form_has_the_file_between_its_boundaries() -> None:
    form = upload(io.BytesIO(b"abc"))
    assert b"".join(form.begin()) == (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="gate.jpg"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\nabc\r\n--b--\r\n"
    )
    assert form.content_type == "multipart/form-data; boundary=b"


@pytest.mark.parametrize("content", [b"", b"a", CONTENT, CONTENT[:PIECE], CONTENT[: PIECE + 1]])
def test_its_length_is_known_beforehand_and_its_digest_afterwards(content: bytes) -> None:
    form = upload(io.BytesIO(content))
    assert form.length == len(b"".join(form.begin()))
    assert (form.sent, form.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_no_piece_is_large() -> None:
    assert max(map(len, upload(io.BytesIO(CONTENT)).begin())) <= PIECE


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ('a"b\r\nX: 1.jpg', b'filename="a%22b%0D%0AX: 1.jpg"'),
        ("Žofie; x=1.jpg", 'filename="Žofie; x=1.jpg"'.encode()),
        ("\udcff.jpg", b'filename="?.jpg"'),
    ],
)
def test_a_name_stays_within_its_quotes(name: str, written: bytes) -> None:
    head = next(upload(io.BytesIO(b""), name=name).begin())
    assert written in head
    assert head.count(b"\r\n") == 4


def test_boundaries_are_unlike_each_other() -> None:
    first, second = (FormUpload(io.BytesIO(b""), name="a") for _ in range(2))
    assert first.content_type != second.content_type


def test_what_can_go_back_is_sent_again_from_where_it_stood() -> None:
    file = io.BytesIO(b"skipped" + CONTENT)
    file.seek(7)
    form = upload(file)
    for _ in range(2):
        assert form.can_begin()
        assert CONTENT in b"".join(form.begin())
        assert form.sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_half_a_try_leaves_no_trace_in_the_next() -> None:
    form = upload(io.BytesIO(CONTENT))
    begun = form.begin()
    assert len(next(begun) + next(begun)) > PIECE
    assert CONTENT in b"".join(form.begin())
    assert (form.sent, form.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def test_what_cannot_go_back_can_begin_until_it_was_read() -> None:
    form = upload(Pipe(CONTENT))
    assert form.length is None
    begun = form.begin()
    next(begun)
    assert form.can_begin()
    next(begun)
    assert not form.can_begin()


def test_a_file_needs_no_more_than_to_be_read() -> None:
    bare = Bare(CONTENT)
    with opened(bare) as (file, name):  # type: ignore[arg-type]
        assert CONTENT in b"".join(upload(file).begin())
    assert (bare.largest, name) == (PIECE, "file")


def test_what_is_appended_meanwhile_is_not_sent() -> None:
    file = io.BytesIO(b"abc")
    form = upload(file)
    file.write(b"abcdef")
    file.seek(0)
    assert b"abc\r\n" in b"".join(form.begin())


def test_a_file_that_becomes_shorter_is_an_error() -> None:
    file = io.BytesIO(CONTENT)
    form = upload(file)
    file.truncate(100)
    with pytest.raises(SourceFailed) as raised:
        list(form.begin())
    assert isinstance(raised.value.error, ConfigurationError)


def test_text_is_no_file() -> None:
    with pytest.raises(SourceFailed) as raised:
        list(upload(io.StringIO("abc")).begin())  # type: ignore[arg-type]
    assert isinstance(raised.value.error, TypeError)
    assert "'rb'" in str(raised.value.error)


def test_progress_is_told_in_bytes_of_the_file() -> None:
    told: list[tuple[int, int | None]] = []

    def progress(done: int, total: int | None) -> None:
        told.append((done, total))

    list(FormUpload(io.BytesIO(CONTENT), name="a", progress=progress).begin())
    list(FormUpload(Pipe(b"abc"), name="a", progress=progress).begin())
    assert told[0] == (PIECE, len(CONTENT))
    assert told[-2:] == [(len(CONTENT), len(CONTENT)), (3, None)]


def test_a_paths_file_is_named_by_its_last_part_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "gate.jpg"
    path.write_bytes(b"abc")
    for source in (path, str(path)):
        with opened(source) as (file, name):
            assert (file.read(), name) == (b"abc", "gate.jpg")
        assert file.closed


def test_an_open_file_is_named_as_it_was_opened_and_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "gate.jpg"
    path.write_bytes(b"abc")
    with path.open("rb") as mine:
        with opened(mine) as (file, name):
            assert (file, name) == (mine, "gate.jpg")
        assert not mine.closed


@pytest.mark.parametrize("source", [b"abc", bytearray(b"abc"), memoryview(b"abc")])
def test_bytes_are_a_file_without_a_name(source: bytes | bytearray | memoryview) -> None:
    with opened(source) as (file, name):
        assert (file.read(), name) == (b"abc", "file")


@pytest.mark.parametrize("source", [None, 7, ["a"]])
def test_what_is_none_of_these_is_refused(source: object) -> None:
    with (
        pytest.raises(TypeError, match="a path, bytes, or a file"),
        opened(source),  # type: ignore[arg-type]
    ):
        pass
