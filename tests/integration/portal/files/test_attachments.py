"""Attachments: handed in first, then referred to by one case of their organisation."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import pytest
from starlette.requests import ClientDisconnect

from fulfillment_sdk.server.portal.files import attachments, disk
from fulfillment_sdk.server.portal.files.housekeeping import UNFINISHED, keep_house, sweep
from fulfillment_sdk.server.uploads import FILE_LIMIT
from tests import samples
from tests.integration.portal.desk import CASE, INTAKE_TOKEN, ORGANIZATION, Clock, Desk, order
from tests.integration.portal.files.senders import (
    OTHERS,
    PHOTO,
    attach,
    attached,
    fetch,
    left,
    send_by_hand,
    until,
)


class Usage(NamedTuple):
    """What is told of a disk, in bytes."""

    total: int
    used: int
    free: int


def case_with(*attachment_ids: object) -> dict[str, object]:
    return CASE | {"attachments_case": [{"attachment_id": each} for each in attachment_ids]}


def refused(index: int) -> dict[str, str]:
    return {"error": f"Invalid value for field: attachments_case[{index}].attachment_id"}


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 400, "Invalid value for field: file"),
        (b"MZ\x90\x00" + bytes(200), 415, "This type of file is not taken"),
        (b"ordinary words" * 50_000 + b"\x00", 415, "This type of file is not taken"),
        (PHOTO[:100] + bytes(FILE_LIMIT), 413, "Request body too large"),
    ],
)
async def test_what_is_not_taken_is_refused_without_a_value_and_leaves_nothing(
    desk: Desk, content: bytes, status: int, message: str
) -> None:
    answer = await attach(desk, content, file_name="Jane Smith.jpg")
    assert (answer.status_code, answer.json()) == (status, {"error": message})
    assert await left(desk) == (0, 0)


async def test_an_attachment_of_exactly_the_limit_is_taken(desk: Desk) -> None:
    content = PHOTO[:100] + bytes(FILE_LIMIT - 100)
    answer = await attach(desk, content)
    assert (answer.status_code, answer.json()["size"]) == (201, FILE_LIMIT)
    assert await left(desk) == (1, 40)


async def test_too_large_is_said_at_the_first_byte_too_many(desk: Desk) -> None:
    async def endless() -> AsyncIterator[bytes]:
        sent = 0
        while sent <= FILE_LIMIT + 2**20:
            yield PHOTO
            sent += len(PHOTO)

    answer = await attach(desk, endless())
    assert answer.status_code == 413
    assert await left(desk) == (0, 0)


async def test_a_disk_that_is_nearly_full_takes_cases_but_no_files(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = await attached(desk)
    before = await left(desk)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(2**40, 0, disk.LEFT - 1))
    answer = await attach(desk)
    if desk.settings.database_url is not None:
        # It is another host's disk that they are on.
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "nearly full" in caplog.text
    assert await left(desk) == before
    assert (await desk.intake(order("int_1", case_with(kept)))).status_code == 201


async def test_a_disk_that_fills_up_meanwhile_keeps_nothing_of_a_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    frees = iter([disk.LEFT, disk.LEFT - 1])
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(2**40, 0, next(frees)))
    elsewhere = desk.settings.database_url is not None
    assert (await attach(desk)).status_code == (201 if elsewhere else 503)
    assert await left(desk) == ((1, 2) if elsewhere else (0, 0))


async def test_without_the_intake_token_nothing_is_taken(desk: Desk) -> None:
    assert (await attach(desk, token="guess")).status_code == 401
    assert (await attach(desk, organization_id="")).status_code == 404


async def test_an_attachment_is_described_by_its_content_alone(desk: Desk) -> None:
    answer = await attach(desk, file_name="../../Zo\u00eb\r\n.exe")
    assert answer.status_code == 201
    described = answer.json()
    assert described.pop("attachment_id").startswith("file_")
    assert described == {
        "file_name": "Zo\u00eb .exe.jpg",
        "sha256": hashlib.sha256(PHOTO).hexdigest(),
        "size": len(PHOTO),
        "content_type": "image/jpeg",
    }


async def _gone() -> dict[str, object]:
    return {"type": "http.disconnect"}


async def test_an_upload_that_breaks_off_leaves_nothing(desk: Desk) -> None:
    with pytest.raises(ClientDisconnect):
        await send_half(desk, _gone)
    assert await left(desk) == (0, 0)


async def test_an_upload_that_is_cancelled_leaves_nothing(desk: Desk) -> None:
    stuck = asyncio.Event()

    async def wait() -> dict[str, object]:
        stuck.set()
        await asyncio.Event().wait()
        return {}

    upload = asyncio.create_task(send_half(desk, wait))
    await stuck.wait()
    assert await left(desk) == (1, 1)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload

    async def nothing_is_left() -> bool:
        return await left(desk) == (0, 0)

    await until(desk.portal, nothing_is_left)


async def send_half(desk: Desk, then: Callable[[], Awaitable[dict[str, object]]]) -> None:
    await send_by_hand(
        desk,
        "/portal/api/intake/attachments/",
        [PHOTO[:300_000]],
        query=f"organization_id={ORGANIZATION}&file_name=x",
        headers=[(b"authorization", f"Bearer {INTAKE_TOKEN}".encode())],
        then=then,
    )


async def test_what_a_killed_process_left_half_way_is_removed_later(
    desk: Desk, clock: Clock
) -> None:
    stuck = asyncio.Event()

    async def wait() -> dict[str, object]:
        stuck.set()
        await asyncio.Event().wait()
        return {}

    upload = asyncio.create_task(send_half(desk, wait))
    await stuck.wait()
    store = desk.portal._desk_now().store
    assert await store.write(lambda connection: sweep(connection, clock())) == 0
    clock.advance(UNFINISHED - 1)
    assert await store.write(lambda connection: sweep(connection, clock())) == 0
    clock.advance(1)
    assert await store.write(lambda connection: sweep(connection, clock())) == 1
    assert await left(desk) == (0, 0)
    upload.cancel()
    await asyncio.gather(upload, return_exceptions=True)


@pytest.mark.parametrize("name", samples.CASES)
async def test_the_documents_own_cases_are_created_as_before(desk: Desk, name: str) -> None:
    answer = await desk.intake(order("int_1", samples.read(name)))
    assert answer.status_code == 201


@pytest.mark.parametrize("blank", ["", "  ", None])
async def test_a_blank_reference_is_none(desk: Desk, blank: str | None) -> None:
    assert (await desk.intake(order("int_1", case_with(blank)))).status_code == 201


@pytest.mark.parametrize("unknown", ["att_1", 1, "file_" + "0" * 20, "\x00", "x" * 5000])
async def test_an_unknown_attachment_is_a_400_and_makes_no_case(
    desk: Desk, unknown: object
) -> None:
    known = await attached(desk)
    answer = await desk.intake(order("int_1", case_with(known, unknown)))
    assert (answer.status_code, answer.json()) == (400, refused(1))
    assert (await desk.get("cases/")).json()["items"] == []
    # The one before it is free as it was.
    assert (await desk.intake(order("int_1", case_with(known)))).status_code == 201


async def test_another_organisations_attachment_is_an_unknown_one(desk: Desk) -> None:
    theirs = await attached(desk, organization_id=OTHERS)
    answer = await desk.intake(order("int_1", case_with(theirs)))
    unknown = await desk.intake(order("int_1", case_with("file_unknown")))
    assert (answer.status_code, answer.content) == (400, unknown.content)
    taken = await desk.intake(order("int_2", case_with(theirs), organization_id=OTHERS))
    assert taken.status_code == 201


async def test_one_attachment_is_used_by_one_case(desk: Desk) -> None:
    attachment_id = await attached(desk)
    first, second = case_with(attachment_id), case_with(attachment_id)
    answers = await asyncio.gather(
        desk.intake(order("int_1", first)), desk.intake(order("int_2", second))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 400]
    refusal = next(answer for answer in answers if answer.status_code == 400)
    assert refusal.json() == refused(0)


async def test_one_case_names_an_attachment_once(desk: Desk) -> None:
    attachment_id = await attached(desk)
    answer = await desk.intake(order("int_1", case_with(attachment_id, attachment_id)))
    assert (answer.status_code, answer.json()) == (400, refused(1))


async def test_an_unfinished_upload_is_no_attachment(desk: Desk) -> None:
    asked = asyncio.Event()
    answers: list[int] = []

    async def ask() -> dict[str, object]:
        if not asked.is_set():
            asked.set()
            files = await desk.portal._desk_now().store.read(
                lambda connection: [
                    row.id for row in connection.exec_driver_sql("SELECT id FROM portal_files")
                ]
            )
            answer = await desk.intake(order("int_1", case_with(files[0])))
            answers.append(answer.status_code)
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        await send_half(desk, ask)
    assert answers == [400]


async def test_twenty_attachments_are_taken_and_no_more(desk: Desk) -> None:
    ids = [await attached(desk) for _ in range(21)]
    answer = await desk.intake(order("int_1", case_with(*ids)))
    assert (answer.status_code, answer.json()) == (400, refused(20))
    created = await desk.intake(order("int_1", case_with(*ids[:20])))
    assert created.status_code == 201
    shown = await desk.case(created.json()["id"])
    assert [each["id"] for each in shown["attachments"]] == ids[:20]


async def test_a_case_with_attachments_that_is_handed_in_again_is_the_same_case(
    desk: Desk,
) -> None:
    case = case_with(await attached(desk))
    first = await desk.intake(order("int_1", case))
    again = await desk.intake(order("int_1", case))
    assert (again.status_code, again.content) == (201, first.content)
    other = await desk.intake(order("int_1", case_with(await attached(desk))))
    assert other.status_code == 409


async def test_an_attachment_is_fetched_by_its_organisation_alone(desk: Desk) -> None:
    attachment_id = await attached(desk)
    created = await desk.intake(order("int_own", case_with(attachment_id)))
    case_id = str(created.json()["id"])
    other_case = await desk.create()
    theirs = await desk.intake(order("int_9", CASE, organization_id=OTHERS))
    unknown = await fetch(desk, case_id, "file_unknown")
    assert unknown.status_code == 404
    for answer in (
        await fetch(desk, case_id, attachment_id, organization_id=OTHERS),
        await fetch(desk, str(theirs.json()["id"]), attachment_id, organization_id=OTHERS),
        await fetch(desk, other_case, attachment_id),
        await fetch(desk, case_id, attachment_id, organization_id=""),
    ):
        assert (answer.status_code, answer.content) == (404, unknown.content)
    own = await fetch(desk, case_id, attachment_id)
    assert (own.status_code, own.content) == (200, PHOTO)


async def test_before_a_case_refers_to_it_an_attachment_can_be_fetched_by_nobody(
    desk: Desk,
) -> None:
    case_id, attachment_id = await desk.create(), await attached(desk)
    assert (await fetch(desk, case_id, attachment_id)).status_code == 404
    assert (await desk.get(f"cases/{case_id}/files/{attachment_id}/")).status_code == 404


async def test_an_unused_attachment_is_kept_for_a_day(desk: Desk, clock: Clock) -> None:
    used, unused = await attached(desk), await attached(desk)
    created = await desk.intake(order("int_1", case_with(used)))
    store = desk.portal._desk_now().store
    clock.advance(attachments.KEPT_UNUSED - 1)
    assert await store.write(lambda connection: sweep(connection, clock())) == 0
    clock.advance(1)
    assert await store.write(lambda connection: sweep(connection, clock())) == 1
    assert (await desk.intake(order("int_2", case_with(unused)))).status_code == 400
    assert (await fetch(desk, str(created.json()["id"]), used)).content == PHOTO


async def test_the_portal_keeps_house_by_itself(desk: Desk, clock: Clock) -> None:
    for _ in range(10):
        await attach(desk, b"words")
    clock.advance(attachments.KEPT_UNUSED)
    asleep = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    keeping = asyncio.create_task(keep_house(desk.portal._desk_now(), sleep=sleep))
    await asyncio.wait_for(asleep.wait(), 10)
    assert await left(desk) == (0, 0)
    keeping.cancel()


async def test_an_organisation_has_so_many_unused_attachments_and_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_UNUSED", 2)
    first = await attached(desk)
    await attached(desk)
    answer = await attach(desk)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert await left(desk) == (2, 4)
    assert (await attach(desk, organization_id=OTHERS)).status_code == 201
    await desk.intake(order("int_1", case_with(first)))
    assert (await attach(desk)).status_code == 201
