"""Files of a form: added by staff before it is submitted, fetched by them and the partner."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from PIL import Image

from fulfillment_sdk.server.portal import completion, reports
from fulfillment_sdk.server.portal.files import rows
from fulfillment_sdk.server.portal.schema import FILE_CHUNKS, FILES
from tests.integration.portal.desk import STAFF_TOKEN, Captor, Clock, Desk
from tests.integration.portal.files.senders import OTHERS, PHOTO, add, attached, fetch, left
from tests.unit.server.portal.files.contents import DOCX, KNOWN, UNKNOWN

SHA256 = hashlib.sha256(PHOTO).hexdigest()


async def completed(desk: Desk, captor: Captor, case_id: str) -> dict[str, Any]:
    """Pass the case and return the data of its completion."""
    answer = await desk.review(case_id, "qc_passed")
    assert answer.status_code == 201, answer.text
    await captor.tried(desk.notified(case_id))
    [payload] = [each for each in captor.payloads() if each["type"] == "case.completed"]
    data: dict[str, Any] = payload["data"]
    return data


@pytest.mark.parametrize("status", ["new", "allocated", "submitted", "cancelled"])
async def test_files_are_added_only_while_work_is_in_progress(desk: Desk, status: str) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, status)
    answer = await add(desk, case_id)
    assert answer.status_code == 409
    message = "A file can be added only while the case is in progress"
    assert answer.json() == {"status": "error", "message": message}
    assert await left(desk) == (0, 0)


async def test_only_who_does_the_work_adds_to_it(desk: Desk, case_id: str) -> None:
    assert (await add(desk, case_id, token="guess")).status_code == 401
    assert (await add(desk, case_id, token=await desk.token("qc"))).status_code == 403
    assert (await add(desk, "case_none")).status_code == 404
    assert (await add(desk, case_id, token=await desk.token("worker"))).status_code == 201


async def test_a_form_without_its_file_and_one_with_two_are_refused(
    desk: Desk, case_id: str
) -> None:
    path, headers = (
        f"/portal/api/cases/{case_id}/files/",
        {"Authorization": f"Bearer {STAFF_TOKEN}"},
    )
    other = await desk.http.post(path, files={"photo": ("a.jpg", PHOTO)}, headers=headers)
    assert (other.status_code, other.json()["message"]) == (400, "Missing required field: file")
    two = await desk.http.post(
        path, files=[("file", ("a.jpg", PHOTO)), ("file", ("b.jpg", PHOTO))], headers=headers
    )
    assert (two.status_code, two.json()["message"]) == (400, "Invalid value for field: file")
    bare = await desk.http.post(path, json={"file": "a.jpg"}, headers=headers)
    assert (bare.status_code, bare.json()["status"]) == (415, "error")
    assert await left(desk) == (0, 0)


@pytest.mark.parametrize("name", ["a program", "a packed bomb", "latin-1 text"])
async def test_a_type_that_is_not_taken_is_a_415(desk: Desk, case_id: str, name: str) -> None:
    answer = await add(desk, case_id, UNKNOWN[name], file_name="photo.jpg", claimed="image/jpeg")
    assert answer.status_code == 415
    assert answer.json() == {"status": "error", "message": "This type of file is not taken"}
    assert await left(desk) == (0, 0)


@pytest.mark.parametrize("name", ["png", "docx", "text", "mp3"])
async def test_the_content_says_the_type_whatever_is_claimed(
    desk: Desk, case_id: str, name: str
) -> None:
    content, content_type = KNOWN[name]
    added = await add(desk, case_id, content, file_name="x", claimed="text/html")
    assert (added.status_code, added.json()["content_type"]) == (201, content_type)
    answer = await desk.get(f"cases/{case_id}/files/{added.json()['id']}/")
    assert answer.content == content
    assert answer.headers["Content-Type"].split(";")[0] == content_type


async def test_a_file_that_is_added_is_described_and_seen_before_it_is_submitted(
    desk: Desk, case_id: str
) -> None:
    answer = await add(desk, case_id, file_name="C:\\photos\\gate.JPG")
    assert answer.status_code == 201
    file = answer.json()
    assert file == {
        "id": file["id"],
        "file_name": "gate.jpg",
        "content_type": "image/jpeg",
        "size": len(PHOTO),
        "sha256": SHA256,
        "url": f"/portal/api/cases/{case_id}/files/{file['id']}/",
    }
    assert (await desk.case(case_id))["files"] == [file]
    fetched = await desk.http.get(file["url"], headers={"Authorization": f"Bearer {STAFF_TOKEN}"})
    assert fetched.content == PHOTO


async def test_a_download_is_one_and_nothing_else(desk: Desk, case_id: str) -> None:
    file_id = (await add(desk, case_id, file_name='Zo\u00eb "gate".jpg')).json()["id"]
    path = f"/portal/api/cases/{case_id}/files/{file_id}/"
    headers = {"Authorization": f"Bearer {STAFF_TOKEN}"}
    answer = await desk.http.get(path, headers=headers)
    digest = base64.b64encode(hashlib.sha256(PHOTO).digest()).decode()
    expected = {
        "Content-Type": "image/jpeg",
        "Content-Length": str(len(PHOTO)),
        "Content-Disposition": 'attachment; filename="Zoe _gate_.jpg"; '
        "filename*=UTF-8''Zo%C3%AB%20_gate_.jpg",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "ETag": f'"{SHA256}"',
        "Repr-Digest": f"sha-256=:{digest}:",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    head = await desk.http.head(path, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in expected} == expected


async def test_a_chunk_that_is_damaged_or_moved_is_not_sent_as_the_file(
    desk: Desk, case_id: str
) -> None:
    file_id = (await add(desk, case_id)).json()["id"]

    def swap(connection: sa.Connection) -> None:
        for old, new in ((0, 9), (1, 0), (9, 1)):
            statement = sa.update(FILE_CHUNKS).where(FILE_CHUNKS.c.number == old)
            connection.execute(statement.values(number=new))

    await desk.portal._desk_now().store.write(swap)
    answer = await desk.get(f"cases/{case_id}/files/{file_id}/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_nothing_of_a_file_is_stored_in_the_clear(desk: Desk, case_id: str) -> None:
    words = b"She told the neighbour about it. " * 20
    await add(desk, case_id, words, file_name="Statement of Jane Smith.txt")
    kept = await desk.portal._desk_now().store.read(
        lambda connection: [
            *connection.execute(sa.select(FILES)).all(),
            *connection.execute(sa.select(FILE_CHUNKS)).all(),
        ]
    )
    stored = b" ".join(
        value if isinstance(value, bytes) else str(value).encode() for row in kept for value in row
    )
    assert case_id.encode() in stored
    for secret in (words[:20], b"Statement", hashlib.sha256(words).hexdigest().encode()):
        assert secret not in stored


async def test_a_submission_takes_the_files_along_and_the_completion_names_them(
    desk: Desk, captor: Captor, case_id: str
) -> None:
    first = (await add(desk, case_id, file_name="one.jpg")).json()
    second = (await add(desk, case_id, DOCX, file_name="two.docx")).json()
    submitted = (await desk.submit(case_id)).json()["submission"]
    assert submitted["files"] == [first, second]
    shown = await desk.case(case_id)
    assert (shown["files"], shown["submissions"][0]["files"]) == ([], [first, second])
    data = await completed(desk, captor, case_id)
    [form] = data["form_submissions"]
    gateway = f"https://gateway.example/api/webhook/webform/cases/{case_id}/files"
    assert form["files"] == [each | {"url": f"{gateway}/{each['id']}/"} for each in (first, second)]


async def test_each_form_has_its_own_files(desk: Desk, captor: Captor, case_id: str) -> None:
    one = (await add(desk, case_id, file_name="one.jpg")).json()
    await desk.submit(case_id, final=False)
    two = (await add(desk, case_id, file_name="two.jpg")).json()
    await desk.submit(case_id)
    data = await completed(desk, captor, case_id)
    names = [[file["id"] for file in each["files"]] for each in data["form_submissions"]]
    assert names == [[one["id"]], [two["id"]]]


async def test_what_an_earlier_round_left_lying_is_not_taken_along(
    desk: Desk, case_id: str
) -> None:
    stale = (await add(desk, case_id)).json()
    for to in ("pending_allocation", "allocated", "in_progress"):
        assert (await desk.step(case_id, to)).status_code == 201
    fresh = (await add(desk, case_id)).json()
    submitted = (await desk.submit(case_id)).json()["submission"]
    assert submitted["files"] == [fresh]
    assert (await desk.case(case_id))["files"] == [stale]


async def test_a_round_of_work_takes_twenty_files_and_the_next_one_again(
    desk: Desk, case_id: str
) -> None:
    for _ in range(rows.MOST):
        assert (await add(desk, case_id, b"note")).status_code == 201
    refused = await add(desk, case_id, b"note")
    assert refused.status_code == 409
    assert "at most 20 files" in refused.json()["message"]
    for to in ("submitted", "qc_rework", "in_progress"):
        assert (await desk.step(case_id, to)).status_code == 201
    assert (await add(desk, case_id, b"note")).status_code == 201


async def test_a_file_that_comes_in_while_the_form_is_submitted_is_no_file(
    desk: Desk, case_id: str
) -> None:
    boundary, half = b"b", asyncio.Event()
    submitted = asyncio.Event()

    async def body() -> Any:
        yield b"--b\r\nContent-Disposition: form-data; name=file; filename=a.jpg\r\n\r\n" + PHOTO
        half.set()
        await submitted.wait()
        yield b"\r\n--" + boundary + b"--\r\n"

    async def send() -> httpx.Response:
        return await desk.http.post(
            f"/portal/api/cases/{case_id}/files/",
            content=body(),
            headers={
                "Authorization": f"Bearer {STAFF_TOKEN}",
                "Content-Type": "multipart/form-data; boundary=b",
            },
        )

    transport = asyncio.create_task(send())
    await half.wait()
    assert (await desk.submit(case_id)).json()["submission"]["files"] == []
    submitted.set()
    assert (await transport).status_code == 409
    assert await left(desk) == (0, 0)


async def test_the_partner_gets_a_file_once_the_case_is_completed_until_it_expires(
    desk: Desk, captor: Captor, clock: Clock, case_id: str
) -> None:
    file_id = (await add(desk, case_id)).json()["id"]
    early = await fetch(desk, case_id, file_id)
    await desk.submit(case_id)
    still_early = await fetch(desk, case_id, file_id)
    assert (early.status_code, still_early.status_code) == (404, 404)
    await completed(desk, captor, case_id)
    answer = await fetch(desk, case_id, file_id)
    assert (answer.status_code, answer.content) == (200, PHOTO)
    head = await fetch(desk, case_id, file_id, method="HEAD")
    assert (head.headers["Content-Length"], head.content) == (str(len(PHOTO)), b"")
    theirs = await fetch(desk, case_id, file_id, organization_id=OTHERS)
    assert (theirs.status_code, theirs.content) == (404, early.content)
    clock.advance(reports.LIFETIME)
    assert (await fetch(desk, case_id, file_id)).status_code == 410


async def test_what_no_form_was_submitted_with_never_reaches_the_partner(
    desk: Desk, captor: Captor, case_id: str
) -> None:
    stale = (await add(desk, case_id)).json()["id"]
    for to in ("pending_allocation", "allocated", "in_progress", "submitted"):
        assert (await desk.step(case_id, to)).status_code == 201
    data = (await desk.review(case_id, "qc_passed")).json()
    assert data["transition"]["new_status"] == "qc_passed"
    assert (await fetch(desk, case_id, stale)).status_code == 404


async def test_staff_see_and_fetch_what_a_partner_attached(desk: Desk) -> None:
    attachment_id = await attached(desk)
    case_id = await desk.create(attachments_case=[{"attachment_id": attachment_id}])
    [shown] = (await desk.case(case_id))["attachments"]
    assert (shown["id"], shown["sha256"]) == (attachment_id, SHA256)
    answer = await desk.get(f"cases/{case_id}/files/{attachment_id}/")
    assert answer.content == PHOTO
    other_case = await desk.create()
    assert (await desk.get(f"cases/{other_case}/files/{attachment_id}/")).status_code == 404


async def test_a_report_shows_the_photos_of_the_forms_that_count(desk: Desk, case_id: str) -> None:
    taken = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(taken, "JPEG")
    await add(desk, case_id, taken.getvalue())
    for to in ("submitted", "qc_passed"):
        assert (await desk.step(case_id, to)).status_code == 201
    report = await desk.report(case_id)
    assert report.status_code == 200
    assert report.content.count(b"/Subtype /Image") == 1


def test_a_completion_is_estimated_with_its_files() -> None:
    bare = completion.estimate(request=0, forms=[], words=[], changes=0)
    assert completion.estimate(request=0, forms=[], words=[], changes=0, files=20) - bare > 20_000
