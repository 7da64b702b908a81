"""The portal as the shell runs it (contract, section 7)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.server.party import Party
from fulfillment_sdk.server.portal.desk import new_id
from tests.integration.portal.desk import Captor, Clock, Desk, make_settings


async def test_a_portal_that_is_not_started_says_so(tmp_path: Path) -> None:
    desk = Desk(make_settings(tmp_path), clock=Clock(), captor=Captor())
    assert isinstance(desk.portal, Party)
    assert desk.portal.problems() == ["portal: not started"]
    for answer in (await desk.get("cases/"), await desk.intake({})):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
    with pytest.raises(StoreUnavailable):
        await desk.portal.timers.run_due(0.0)
    await desk.portal.stop()
    await desk.http.aclose()


async def test_a_started_portal_is_well_and_a_stopped_one_is_not(desk: Desk) -> None:
    assert desk.portal.problems() == []
    await desk.portal.stop()
    assert desk.portal.problems() == ["portal: not started"]
    await desk.portal.stop()


async def test_a_store_that_cannot_be_opened_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "portal.db").write_bytes(b"no database" * 1000)
    desk = Desk(make_settings(tmp_path), clock=Clock(), captor=Captor())
    with pytest.raises(StoreUnavailable):
        await desk.portal.start()
    assert desk.portal.problems() == ["portal: not started"]
    await desk.http.aclose()


async def test_nothing_about_a_person_is_readable_in_the_file(tmp_path: Path) -> None:
    desk = Desk(make_settings(tmp_path), clock=Clock(), captor=Captor())
    await desk.portal.start()
    await desk.post("workers/", {"name": "Amina", "email": "amina@x.org", "phone": "0799111"})
    entered = (await desk.post("staff/", {"name": "Otieno", "role": "ops"})).json()
    case_id = await desk.create()
    await desk.step(case_id, "allocated", comment="Neighbour saw it")
    await desk.step(case_id, "in_progress")
    await desk.submit(case_id, data={"gate": "turquoise"})
    await desk.step(case_id, "qc_rework")
    await desk.step(case_id, "in_progress")
    await desk.submit(case_id)
    await desk.step(case_id, "qc_passed")
    await desk.portal.stop()
    await desk.http.aclose()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (
        b"Jane Smith",
        b"0712345678",
        b"physical abuse",
        b"safety assessment",
        b"Amina",
        b"amina@x.org",
        b"0799111",
        b"Otieno",
        entered["token"].encode(),
        b"Neighbour",
        b"turquoise",
        b"Photograph the gate",
        b"All photographs",
    ):
        assert secret not in stored
    assert case_id.encode() in stored


async def test_an_id_that_another_was_faster_with_is_made_anew(tmp_path: Path) -> None:
    given = Given("case", "case_1", "case_1", "case_2")
    desk = Desk(make_settings(tmp_path), clock=Clock(), captor=Captor(), ids=given)
    await desk.portal.start()
    assert [await desk.create(), await desk.create()] == ["case_1", "case_2"]
    await desk.portal.stop()
    await desk.http.aclose()


async def test_a_step_whose_notification_is_not_accepted_is_not_taken(tmp_path: Path) -> None:
    given = Given("evt", "evt_1", "evt_1", "evt_2")
    desk = Desk(make_settings(tmp_path), clock=Clock(), captor=Captor(), ids=given)
    await desk.portal.start()
    case_id = await desk.create()
    assert (await desk.step(case_id, "cancelled")).status_code == 503
    assert (await desk.case(case_id))["status"] == "new"
    assert (await desk.step(case_id, "cancelled")).json()["sequence"] == 2
    await desk.portal.stop()
    await desk.http.aclose()


async def test_timers_wait_for_a_store_that_fails(desk: Desk, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "portal.db") as other:
        other.execute("ALTER TABLE portal_cases RENAME TO elsewhere")
    assert await desk.portal.timers.turn() == 5.0
    with pytest.raises(StoreUnavailable):
        await desk.portal.timers.run_due(desk.clock.now)
    other.execute("ALTER TABLE elsewhere RENAME TO portal_cases")
    other.close()
    assert await desk.portal.timers.turn() == 30.0


async def test_a_case_and_its_notification_are_written_together_or_not_at_all(
    desk: Desk, tmp_path: Path, captor: Captor
) -> None:
    case_id = await desk.create()
    await captor.first(1)
    with sqlite3.connect(tmp_path / "portal.db") as other:
        other.execute("DROP TABLE relay_deliveries")
    other.close()
    answer = await desk.step(case_id, "cancelled")
    assert answer.status_code == 503
    shown = await desk.case(case_id)
    assert (shown["status"], len(shown["history"])) == ("new", 1)


class Given:
    """Ids as usual, but for one kind, whose first ones are given."""

    def __init__(self, prefix: str, *ids: str) -> None:
        self._prefix = prefix
        self._ids = list(ids)

    def __call__(self, prefix: str) -> str:
        if prefix == self._prefix and self._ids:
            return self._ids.pop(0)
        return new_id(prefix)
