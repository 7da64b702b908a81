"""A partner's cancellation against another step at the same moment, on both kinds of database.

Contract, section 3: one wins, the other gets the 409 of an illegal step.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.server.configuration.settings import Settings
from tests.integration.portal.desk import Captor, Clock, Desk, make_settings
from tests.integration.portal.test_partner_calls import cancel, illegal
from tests.postgres import server


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Return the settings of a portal with an empty database."""
    settings = make_settings(tmp_path)
    if request.param == "sqlite":
        yield settings
        return
    url = server().new_database()
    yield attrs.evolve(settings, database_url=url)
    server().drop_database(url)


@pytest.fixture
async def desk(settings: Settings, clock: Clock, captor: Captor) -> AsyncIterator[Desk]:
    desk = Desk(settings, clock=clock, captor=captor)
    await desk.portal.start()
    async with desk.http:
        yield desk
    await desk.portal.stop()


async def statuses(desk: Desk, case_id: str) -> list[str]:
    return [change["new_status"] for change in (await desk.case(case_id))["history"]]


async def test_of_two_cancellations_at_once_one_is_told_and_both_are_answered_alike(
    desk: Desk,
) -> None:
    case_id = await desk.create()
    first, second = await asyncio.gather(cancel(desk, case_id), cancel(desk, case_id))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert await statuses(desk, case_id) == ["new", "cancelled"]


async def test_of_the_partners_and_the_portals_cancellation_at_once_one_wins(desk: Desk) -> None:
    for number in range(6):
        case_id = await desk.create()
        calls = [cancel(desk, case_id), desk.step(case_id, "cancelled", actor="ops")]
        answers = await asyncio.gather(*(calls if number % 2 else calls[::-1]))
        assert sorted(each.status_code for each in answers)[1] == 409
        [loser] = [each for each in answers if each.status_code == 409]
        assert loser.json() == illegal("cancelled")
        assert await statuses(desk, case_id) == ["new", "cancelled"]


async def test_a_cancellation_against_a_workers_step_one_wins_and_the_other_is_told(
    desk: Desk,
) -> None:
    await desk.hire()
    for number in range(6):
        case_id = await desk.create()
        await desk.drive(case_id, "in_progress")
        calls = [cancel(desk, case_id), desk.submit(case_id)]
        answers = await asyncio.gather(*(calls if number % 2 else calls[::-1]))
        [loser] = [each for each in answers if each.status_code == 409]
        status = (await desk.case(case_id))["status"]
        assert loser.json() in (
            illegal("submitted"),
            {
                "status": "error",
                "message": "Illegal status transition from 'cancelled' to 'submitted'",
            },
        )
        assert (status == "cancelled") is ("to 'submitted'" in loser.json()["message"])
        assert (await statuses(desk, case_id))[3:] == [status]
