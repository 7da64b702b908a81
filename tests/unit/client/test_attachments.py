"""Files ahead of a case."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import responses

from fulfillment_sdk import errors
from tests.unit.client.files.test_uploads import Pipe
from tests.unit.client.support import CASES, Time, make_client, sample
from tests.unit.client.transports import cut_connection, refused_connection

URL = f"{CASES}attachments/"
CONTENT = b"\xff\xd8\xff\xe0 the gate " * 10_000
STORED = {
    "attachment_id": "file_1",
    "file_name": "gate.jpg",
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
    "size": len(CONTENT),
    "content_type": "image/jpeg",
}

Told = tuple[int, dict[str, str], str]


def taking(status: int = 201, body: object = STORED) -> Callable[[Any], Told]:
    """An answer that takes the whole form first."""

    def answer(request: Any) -> Told:
        request.form = b"".join(request.body)
        assert len(request.form) == int(request.headers.get("Content-Length", len(request.form)))
        return status, {}, json.dumps(body)

    return answer


def losing(error: Exception) -> Callable[[Any], Told]:
    """A connection that breaks after a piece."""

    def answer(request: Any) -> Told:
        pieces = iter(request.body)
        next(pieces)
        next(pieces)
        raise error

    return answer


def offer(mocked: responses.RequestsMock, answer: Callable[[Any], Told]) -> None:
    mocked.add_callback(responses.POST, URL, callback=answer, content_type="application/json")


def test_a_file_is_sent_as_a_form_and_comes_back_as_it_is_stored(
    mocked: responses.RequestsMock, tmp_path: Path
) -> None:
    path = tmp_path / "gate.jpg"
    path.write_bytes(CONTENT)
    offer(mocked, taking())
    stored = make_client().attachments.upload(path)
    assert (stored.attachment_id, stored.size) == ("file_1", len(CONTENT))
    request: Any = mocked.calls[0].request
    assert CONTENT in request.form
    assert b'filename="gate.jpg"' in request.form
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert request.headers["Authorization"] == "Bearer t0ken"


def test_a_name_of_ones_own_is_taken(mocked: responses.RequestsMock) -> None:
    offer(mocked, taking())
    offer(mocked, taking())
    attachments = make_client().attachments
    attachments.upload(CONTENT, file_name="left.jpg")
    attachments.upload(CONTENT, file_name=" ")
    first, second = (cast(Any, call.request) for call in list(mocked.calls))
    assert b'filename="left.jpg"' in first.form
    assert b'filename="file"' in second.form


def test_what_can_go_back_is_sent_again_whole(mocked: responses.RequestsMock, time: Time) -> None:
    file = io.BytesIO(b"skipped" + CONTENT)
    file.seek(7)
    told: list[int] = []
    offer(mocked, losing(cut_connection()))
    offer(mocked, taking(503, {"error": "Portal unavailable"}))
    offer(mocked, taking())
    make_client(time).attachments.upload(file, progress=lambda done, _total: told.append(done))
    forms = [call.request.form for call in list(mocked.calls)[1:]]  # type: ignore[attr-defined]
    assert forms[0] == forms[1]
    assert CONTENT in forms[0]
    assert told.count(len(CONTENT)) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (losing(cut_connection()), errors.ConnectionFailed),
        (losing(requests.ReadTimeout()), errors.ConnectionFailed),
        (taking(503, {"error": "Portal unavailable"}), errors.Unavailable),
        (taking(429, {"error": "Too many requests"}), errors.TooManyRequests),
    ],
)
def test_what_cannot_go_back_is_sent_once(
    mocked: responses.RequestsMock,
    time: Time,
    answer: Callable[[Any], Told],
    kind: type[errors.FulfillmentError],
) -> None:
    offer(mocked, answer)
    with pytest.raises(kind):
        make_client(time).attachments.upload(Pipe(CONTENT))
    assert (len(mocked.calls), time.slept) == (1, [])


def test_of_what_nothing_was_read_yet_everything_can_be_sent(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(URL, body=refused_connection())
    offer(mocked, taking())
    assert make_client(time).attachments.upload(Pipe(CONTENT)).attachment_id == "file_1"
    request: Any = mocked.calls[1].request
    assert request.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in request.headers


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"size": len(CONTENT) - 1}])
def test_another_file_than_was_sent_is_an_error(
    mocked: responses.RequestsMock, change: dict[str, object]
) -> None:
    offer(mocked, taking(201, STORED | change))
    with pytest.raises(errors.UnexpectedAnswer, match="another file") as raised:
        make_client().attachments.upload(CONTENT)
    assert "Upload it again" in raised.value.remedy


@pytest.mark.parametrize(
    "body", [{"attachment_id": "file_1"}, STORED | {"sha256": str(STORED["sha256"]).upper()}]
)
def test_what_the_server_does_not_tell_is_not_compared(
    mocked: responses.RequestsMock, body: object
) -> None:
    offer(mocked, taking(201, body))
    assert make_client().attachments.upload(CONTENT).attachment_id == "file_1"


@pytest.mark.parametrize(
    ("status", "said", "kind", "remedy"),
    [
        (413, "Request body too large", errors.TooLarge, "10 MiB"),
        (415, "This type of file is not taken", errors.UnsupportedMediaType, "PDF"),
        (503, "Portal unavailable", errors.Unavailable, "again later"),
    ],
)
def test_each_refusal_says_what_to_do(
    mocked: responses.RequestsMock,
    status: int,
    said: str,
    kind: type[errors.APIError],
    remedy: str,
) -> None:
    offer(mocked, taking(status, {"error": said}))
    with pytest.raises(kind, match=said) as raised:
        make_client(tries=1).attachments.upload(CONTENT)
    assert remedy in raised.value.remedy


def test_the_files_name_is_not_shown(mocked: responses.RequestsMock) -> None:
    offer(mocked, taking(400, {"message": "can't store Jane Smith.jpg"}))
    with pytest.raises(errors.BadRequest) as raised:
        make_client().attachments.upload(CONTENT, file_name="Jane Smith.jpg")
    assert "Jane" not in f"{raised.value}{raised.value!r}"


class Broken(io.BytesIO):
    """A disk that fails, in a way that HTTP libraries take for the network's."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise BrokenPipeError(32, "the disk")


def test_a_source_that_cannot_be_read_is_the_callers_own_error(
    mocked: responses.RequestsMock, time: Time
) -> None:
    offer(mocked, taking())
    with pytest.raises(BrokenPipeError, match="the disk"):
        make_client(time).attachments.upload(Broken(CONTENT))
    assert len(mocked.calls) == 1


def test_what_progress_raises_ends_the_upload(mocked: responses.RequestsMock) -> None:
    offer(mocked, taking())

    def stop(done: int, total: int | None) -> None:
        raise TimeoutError(f"{done} of {total}")

    with pytest.raises(TimeoutError, match=f"{65536} of {len(CONTENT)}") as raised:
        make_client().attachments.upload(CONTENT, progress=stop)
    assert raised.value.__context__ is None


def test_a_path_that_is_not_there_is_the_callers_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_client().attachments.upload(tmp_path / "none.jpg")


@pytest.mark.parametrize("name", ["case-unknown-path", "case-unknown-path-no-token"])
def test_the_deployed_gateway_does_not_offer_attachments(
    mocked: responses.RequestsMock, name: str
) -> None:
    recorded = sample(name)
    mocked.post(
        URL,
        status=recorded.status,
        body=recorded.body,
        content_type=recorded.headers["content-type"],
    )
    with pytest.raises(errors.NotOffered) as raised:
        make_client().attachments.upload(CONTENT)
    assert raised.value.feature == "attachments"


def test_an_empty_file_has_a_remedy(mocked: responses.RequestsMock) -> None:
    offer(mocked, taking(400, {"error": "Invalid value for field: file"}))
    with pytest.raises(errors.InvalidField) as raised:
        make_client().attachments.upload(b"")
    assert "not empty" in raised.value.remedy
