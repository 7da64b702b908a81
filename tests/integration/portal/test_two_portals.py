"""Two portals on one PostgreSQL database, both at work at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs
import httpx
import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.portal import create_portal
from fulfillment_sdk.store.engine import make_engine
from tests.integration.portal.desk import (
    CASE,
    ORGANIZATION,
    Captor,
    Clock,
    Desk,
    make_settings,
    order,
)
from tests.postgres import new_database, server

Two = tuple[Desk, Desk]


@pytest.fixture
def database_url() -> Iterator[str]:
    url = new_database()
    yield url
    server().drop_database(url)


@pytest.fixture
async def two(
    tmp_path: Path, clock: Clock, captor: Captor, database_url: str
) -> AsyncIterator[Two]:
    """Return two portals that were started at one moment, on a database that was empty."""
    one, other = (
        Desk(
            attrs.evolve(make_settings(tmp_path / name), database_url=database_url),
            clock=clock,
            captor=captor,
        )
        for name in ("one", "other")
    )
    await asyncio.gather(one.portal.start(), other.portal.start())
    async with one.http, other.http:
        yield one, other
    await asyncio.gather(one.portal.stop(), other.portal.stop())


async def cases_of(two: Two, count: int) -> list[str]:
    """Create cases at both portals at once and return their ids."""
    answers = await asyncio.gather(
        *(two[n % 2].intake(order(f"int_{n}", CASE)) for n in range(count))
    )
    assert [answer.status_code for answer in answers] == [201] * count
    return [str(answer.json()["id"]) for answer in answers]


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


async def test_what_one_makes_the_other_shows(two: Two) -> None:
    assert [desk.portal.problems() for desk in two] == [[], []]
    case_id = await two[0].create()
    assert (await two[1].case(case_id))["status"] == "new"


async def test_one_intake_at_both_at_once_makes_one_case_and_one_answer(two: Two) -> None:
    for turn in range(5):
        asked = order(f"int_same_{turn}", CASE)
        answers = await asyncio.gather(*(two[n % 2].intake(asked) for n in range(8)))
        assert statuses(answers) == {201: 8}
        assert len({answer.content for answer in answers}) == 1
    listed = (await two[0].get("cases/")).json()["items"]
    assert len(listed) == 5


async def test_case_numbers_are_given_without_a_hole(two: Two) -> None:
    await cases_of(two, 24)
    listed = (await two[1].get("cases/")).json()["items"]
    numbers = sorted(item["reference_number"] for item in listed)
    assert numbers == [f"HL-CMS-{n:06d}" for n in range(1, 25)]


async def test_of_those_who_take_one_step_at_both_one_wins(two: Two) -> None:
    await two[0].hire()
    for case_id in await cases_of(two, 4):
        await two[0].drive(case_id, "allocated")
        answers = await asyncio.gather(*(two[n % 2].step(case_id, "in_progress") for n in range(6)))
        assert statuses(answers) == {201: 1, 409: 5}
        history = (await two[1].case(case_id))["history"]
        assert [step["sequence"] for step in history] == [1, 2, 3]


async def test_a_partner_that_cancels_at_both_cancels_once(two: Two) -> None:
    case_id = await two[0].create()
    body = {"organization_id": ORGANIZATION}
    path = f"intake/cases/{case_id}/cancel/"
    token = two[0].settings.intake_token
    answers = await asyncio.gather(*(two[n % 2].post(path, body, token=token) for n in range(6)))
    assert statuses(answers) == {200: 6}
    history = (await two[1].case(case_id))["history"]
    assert [step["new_status"] for step in history] == ["new", "cancelled"]


async def test_work_that_is_given_out_at_both_is_given_out_evenly(two: Two) -> None:
    for name in "abc":
        await two[0].hire(name)
    case_ids = await cases_of(two, 12)
    answers = await asyncio.gather(
        *(two[n % 2].step(case_id, "allocated") for n, case_id in enumerate(case_ids))
    )
    assert statuses(answers) == {201: 12}
    load = Counter(answer.json()["worker_id"] for answer in answers)
    assert sorted(load.values()) == [4, 4, 4]


async def test_a_timer_fires_once_whoever_looks(two: Two, clock: Clock) -> None:
    await two[0].hire()
    case_ids = await cases_of(two, 8)
    for case_id in case_ids:
        await two[0].drive(case_id, "allocated")
    clock.advance(1801)
    await asyncio.gather(*(desk.portal.timers.run_due(clock()) for desk in two))
    for case_id in case_ids:
        history = (await two[1].case(case_id))["history"]
        assert [step["reason"] for step in history] == [
            "created",
            "assigned",
            "acceptance_timeout",
        ]


async def test_a_case_that_somebody_keeps_locked_holds_up_no_other_timer(
    two: Two, clock: Clock, database_url: str
) -> None:
    await two[0].hire()
    first, *others = await cases_of(two, 4)
    for case_id in (first, *others):
        await two[0].drive(case_id, "allocated")
        clock.advance(1)  # the locked one comes first
    clock.advance(1801)
    engine = make_engine(database_url, readonly=False)
    with engine.connect() as keeper:
        keeper.execute(
            sa.text("SELECT FROM portal.portal_cases WHERE id = :id FOR UPDATE"), {"id": first}
        )
        firing = asyncio.create_task(two[0].portal.timers.run_due(clock()))
        async with asyncio.timeout(4):  # sooner than the locked one is given up
            while "allocated" in {(await two[1].case(other))["status"] for other in others}:
                continue
        assert (await two[1].case(first))["status"] == "allocated"
    engine.dispose()
    assert await firing == 4


async def test_a_cases_notifications_leave_in_order_whoever_sends_them(
    two: Two, captor: Captor
) -> None:
    await two[0].hire()
    case_ids = await cases_of(two, 6)

    async def drive(case_id: str, first: int) -> None:
        for n, to in enumerate(("allocated", "in_progress", "submitted", "qc_passed")):
            assert (await two[(first + n) % 2].step(case_id, to)).status_code == 201

    await asyncio.gather(*(drive(case_id, n) for n, case_id in enumerate(case_ids)))
    events = await captor.first(6 * len(case_ids))
    for case_id in case_ids:
        of_case = [event.sequence for event in events if event.case_id == case_id]
        assert of_case == [1, 2, 3, 4, 5, 6]


async def test_files_of_one_form_that_come_to_both_are_in_one_order(two: Two) -> None:
    await two[0].hire()
    case_id = await two[0].create()
    await two[0].drive(case_id, "in_progress")
    headers = {"Authorization": f"Bearer {two[0].settings.staff_token}"}
    answers = await asyncio.gather(
        *(
            two[n % 2].http.post(
                f"/portal/api/cases/{case_id}/files/",
                files={"file": (f"note-{n}.txt", f"Note {n}.".encode())},
                headers=headers,
            )
            for n in range(24)
        )
    )
    assert statuses(answers) == {201: 20, 409: 4}
    submitted = (await two[1].submit(case_id)).json()["submission"]
    assert len(submitted["files"]) == 20


async def test_a_portal_with_other_storage_keys_is_not_started(two: Two, tmp_path: Path) -> None:
    settings = attrs.evolve(
        two[0].settings, data=tmp_path / "third", storage_keys=(("k1", b"2" * 32),)
    )
    third = create_portal(settings)
    with pytest.raises(ConfigurationError) as told:
        await third.start()
    assert "FULFILLMENT_STORAGE_KEYS" in str(told.value)
    assert third.problems() == ["portal: not started"]
