"""One file of a multipart form: what is wrong with a form is said, and nothing of it is echoed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from fulfillment_sdk.server.http import BodyTooLarge
from fulfillment_sdk.server.uploads import (
    AROUND,
    FILE_LIMIT,
    BadUpload,
    FileField,
    Pace,
    bounded,
    open_form,
    paced,
)

TYPE = "multipart/form-data; boundary=BOUND"


def part(
    content: bytes = b"content", *, name: str = "file", rest: str = '; filename="a.txt"'
) -> bytes:
    head = f'--BOUND\r\nContent-Disposition: form-data; name="{name}"{rest}\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = b"--BOUND--\r\n"


def request(
    pieces: Iterable[bytes], content_type: str = TYPE, *, broken: bool = False, **headers: str
) -> Request:
    """Return a request whose body comes in these pieces; ``broken``: then its sender is gone."""
    given = {"content-type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    last = {"type": "http.request", "body": b"", "more_body": False}
    messages.append({"type": "http.disconnect"} if broken else last)

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in given.items()],
    }
    return Request(scope, receive)


async def read(form: FileField) -> bytes:
    return b"".join([piece async for piece in form.chunks()])


async def whole(*pieces: bytes, **kinds: Any) -> bytes:
    return await read(await open_form(request(pieces, **kinds)))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Invalid multipart body: it has no end"),
        (END, "Missing required field: file"),
        (part(name="photo") + END, "Missing required field: file"),
        (part(name="File") + END, "Missing required field: file"),
        (part() + part() + END, "Invalid value for field: file"),
        (
            part(b"gate.jpg", rest="") + END,
            "Invalid value for field: file: it is text, and has no file name",
        ),
        (part(), "Invalid multipart body: it has no end"),
        (part()[:-5], "Invalid multipart body: it has no end"),
        (b"--OTHER\r\n" + part() + END, "Invalid multipart body"),
        (b"secret" + part() + END, "Invalid multipart body"),
        (b"--BOUND\r\nno header\r\n\r\n", "Invalid multipart body"),
        (b"--BOUND\r\n" + b"X-A: b\r\n" * 9, "Invalid multipart body"),
        (b"--BOUND\r\nX-A: " + b"b" * 20_000, "Invalid multipart body"),
        (b"--BOUND\r\n" + b"A" * 20_000, "Invalid multipart body"),
        (part(rest=";" * 200) + END, "Invalid multipart body"),
        (part(name="x") * 17, "Invalid multipart body: too many fields"),
    ],
)
@pytest.mark.parametrize("size", [1, 100_000])
async def test_a_form_that_is_none_is_a_clear_400(
    body: bytes, message: str, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    with pytest.raises(BadUpload) as caught:
        await whole(*pieces)
    assert (caught.value.status, caught.value.message) == (400, message)
    assert not [each for each in caplog.records if each.name != "asyncio"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("", 415),
        ("application/json", 415),
        ("multipart/mixed; boundary=BOUND", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=" + "b" * 71, 400),
    ],
)
async def test_a_body_that_is_announced_as_no_form_is_not_read(
    content_type: str, status: int
) -> None:
    with pytest.raises(BadUpload) as caught:
        await open_form(request([], content_type))
    assert caught.value.status == status


async def test_a_compressed_form_is_not_unpacked() -> None:
    with pytest.raises(BadUpload) as caught:
        await open_form(request([], content_encoding="gzip"))
    assert caught.value.status == 415


@pytest.mark.parametrize("announced", [str(FILE_LIMIT + AROUND + 1), "9" * 5000])
async def test_what_is_announced_too_large_is_refused_before_a_byte_is_read(announced: str) -> None:
    with pytest.raises(BodyTooLarge):
        await open_form(request([], content_length=announced))


async def test_a_form_that_is_too_large_around_its_file_is_refused_as_it_comes() -> None:
    around = part(b"x" * (FILE_LIMIT + AROUND), name="other")
    with pytest.raises(BodyTooLarge):
        await whole(around, part(), END)


async def test_a_file_that_is_too_large_is_refused_at_the_first_byte_too_many() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 10
        yield b"y"
        raise AssertionError("it was read on")

    passed = bounded(pieces(), 10)
    assert await anext(passed) == b"x" * 10
    with pytest.raises(BodyTooLarge):
        await anext(passed)


async def test_a_sender_that_is_gone_is_no_end() -> None:
    form = await open_form(request([part()[:-3]], broken=True))
    with pytest.raises(ClientDisconnect):
        await read(form)


@pytest.mark.parametrize("pace", [Pace(idle=0.01, whole=60), Pace(idle=60, whole=0.01)])
async def test_a_slow_sender_is_told_so(pace: Pace) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    passed = paced(pieces(), pace)
    assert await anext(passed) == b"a"
    with pytest.raises(BadUpload) as caught:
        await anext(passed)
    assert caught.value.status == 400


@pytest.mark.parametrize("size", [1, 3, 100_000])
async def test_a_file_is_read_to_the_byte_however_it_comes(size: int) -> None:
    content = b"\r\n--BOUN\r\n--BOUNDARY\r\n\x00--" * 20
    body = part(b"1", name="before") + part(content, rest='; filename="a.bin"')
    body += part(b"2", name="after") + END + b"epilogue"
    form = await open_form(
        request([body[start : start + size] for start in range(0, len(body), size)])
    )
    assert form.file_name == "a.bin"
    assert await read(form) == content


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        ('; filename=""', ""),
        ('; filename="gate.jpg"', "gate.jpg"),
        ("; filename*=utf-8''gate.jpg", "gate.jpg"),
        ('; filename="Zo\u00eb.jpg"', "Zo\u00eb.jpg"),
        ('; filename="a\\"b.jpg"', 'a"b.jpg'),
        ('; filename="a%22b%0D%0A.jpg"', 'a"b\r\n.jpg'),
        (f'; filename="{"n" * 10_000}.jpg"', "n" * 296 + ".jpg"),
        ("; filename*=UTF-8''na%C3%AFve.jpg", "na\u00efve.jpg"),
        ("; filename=\"=?utf-8?B?w6k=?=\"; filename*=utf-8''%C3%A9.jpg", "\u00e9.jpg"),
        ("; filename*=utf-8'en'%e2%82%ac%20rates.jpg; size=1", "\u20ac rates.jpg"),
        ("; filename*=iso-8859-1''na%EFve.jpg", "na\u00efve.jpg"),
        ("; filename=\"a.jpg\"; filename*=bogus''b.jpg", "a.jpg"),
        ("; filename=\"a.jpg\"; filename*=UTF-8''%ff%fe.jpg", "a.jpg"),
        ("; filename*=UTF-8''..%2F%00%0D%0Ax.jpg", "../\x00\r\nx.jpg"),
        (f"; filename*=UTF-8''{'%C3%A9' * 1000}.jpg", "\u00e9" * 296 + ".jpg"),
        ("; filename=\"a; filename*=UTF-8''b.jpg\"", "a; filename*=UTF-8''b.jpg"),
    ],
)
async def test_a_files_name_is_what_the_form_says_but_for_its_length(rest: str, name: str) -> None:
    form = await open_form(request([part(rest=rest), END]))
    assert form.file_name == name


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", " BASE64 ", "x-own"])
async def test_a_file_that_is_encoded_is_refused_and_not_kept_as_it_reads(encoding: str) -> None:
    rest = f'; filename="a.txt"\r\nContent-Transfer-Encoding: {encoding}'
    with pytest.raises(BadUpload) as caught:
        await whole(part(rest=rest), END)
    assert caught.value.status == 400


@pytest.mark.parametrize("encoding", ["binary", "8bit", "7bit", "Binary"])
async def test_a_file_that_says_it_is_sent_as_it_is_is_taken(encoding: str) -> None:
    rest = f'; filename="a.txt"\r\nContent-Transfer-Encoding: {encoding}'
    assert await whole(part(rest=rest), END) == b"content"
