"""Timers fire once, also across a restart (contract, section 3)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fulfillment_sdk.server.portal import timers
from tests.integration.portal.desk import BEGIN, Captor, Clock, Desk, make_settings

TAT = {"verification": {"tat_hours": "2"}}
TOO_LATE = "Illegal status transition from 'pending_allocation' to 'in_progress'"


async def test_an_assignment_nobody_accepts_goes_back(desk: Desk, captor: Captor) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "allocated")
    timers, clock = desk.portal.timers, desk.clock
    clock.advance(1799.9)
    assert await timers.run_due(clock.now) == 0
    clock.advance(0.1)
    assert await timers.run_due(clock.now) == 1
    assert await timers.run_due(clock.now) == 0
    event = (await captor.first(3))[-1]
    assert (event.new_status, event.actor) == ("pending_allocation", "timer")
    assert event.reason == "acceptance_timeout"
    shown = await desk.case(case_id)
    assert (shown["worker_id"], shown["due_at"]) == (None, None)


async def test_a_timer_that_was_set_anew_since_the_look_waits_for_its_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "allocated")
    # Another portal fired it meanwhile, and somebody gave the case out again.
    monkeypatch.setattr(timers, "_due", lambda _connection, _now: [case_id])
    assert await desk.portal.timers.run_due(desk.clock.now) == 0
    assert (await desk.case(case_id))["status"] == "allocated"


async def test_timers_that_ended_are_a_reason_not_to_be_ready(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> float:
        raise LookupError

    assert desk.portal.problems() == []
    monkeypatch.setattr(desk.portal.timers, "turn", fails)
    desk.portal.timers.expect(0.0)
    (running,) = (task for task in asyncio.all_tasks() if task.get_name() == "portal-timers")
    await asyncio.wait([running], timeout=10)
    assert desk.portal.problems() == ["portal: the timers are not running"]


async def test_the_next_look_is_when_the_next_timer_fires(desk: Desk) -> None:
    await desk.hire()
    assert await desk.portal.timers.turn() == 30.0
    await desk.drive(await desk.create(), "allocated")
    desk.clock.advance(1790)
    assert await desk.portal.timers.turn() == pytest.approx(10.0)


async def test_work_that_began_is_not_timed_out(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "in_progress")
    desk.clock.advance(10 * 1800)
    assert await desk.portal.timers.run_due(desk.clock.now) == 0


async def test_a_rework_nobody_begins_goes_back(desk: Desk, captor: Captor) -> None:
    await desk.hire()
    await desk.drive(await desk.create(), "qc_rework")
    desk.clock.advance(900)
    assert await desk.portal.timers.run_due(desk.clock.now) == 1
    assert (await captor.first(6))[-1].reason == "rework_timeout"


async def test_a_missed_turnaround_time_is_reported_once(desk: Desk, captor: Captor) -> None:
    await desk.hire()
    case_id = await desk.create(**TAT)
    await desk.drive(case_id, "in_progress")
    desk.clock.advance(7200)
    assert await desk.portal.timers.run_due(desk.clock.now) == 1
    assert (await captor.first(4))[-1].reason == "tat_breached"
    for to in ("allocated", "in_progress"):
        await desk.step(case_id, to)
    desk.clock.advance(7200)
    assert await desk.portal.timers.run_due(desk.clock.now) == 0
    assert (await desk.case(case_id))["status"] == "in_progress"


async def test_the_turnaround_time_runs_from_the_creation(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create(**TAT)
    desk.clock.advance(7000)
    await desk.drive(case_id, "in_progress")
    assert (await desk.case(case_id))["due_at"] == "2025-04-06T10:30:00.250000Z"


async def test_many_looking_at_once_fire_it_once(desk: Desk, captor: Captor) -> None:
    await desk.hire()
    cases = [await desk.create() for _ in range(5)]
    for case_id in cases:
        await desk.drive(case_id, "allocated")
    desk.clock.advance(1800)
    now = desk.clock.now
    fired = await asyncio.gather(*(desk.portal.timers.run_due(now) for _ in range(8)))
    assert sum(fired) == 5
    assert len(await captor.first(15)) == 15
    for case_id in cases:
        assert len((await desk.case(case_id))["history"]) == 3


async def test_a_timer_set_before_a_restart_fires_after_it(tmp_path: Path) -> None:
    settings, clock = make_settings(tmp_path), Clock()
    before = Desk(settings, clock=clock, captor=Captor())
    await before.portal.start()
    await before.hire()
    case_id = await before.create()
    await before.drive(case_id, "allocated")
    await before.captor.first(2)
    await before.portal.stop()
    await before.http.aclose()
    clock.advance(3600)
    after = Desk(settings, clock=clock, captor=Captor())
    await after.portal.start()
    # Nobody asks: the portal looks by itself.
    [event] = await after.captor.first(1)
    assert (event.case_id, event.reason) == (case_id, "acceptance_timeout")
    assert event.sequence == 3
    assert await after.portal.timers.run_due(clock.now) == 0
    await after.portal.stop()
    await after.http.aclose()


@pytest.mark.parametrize(
    ("status", "reason", "fields"),
    [
        ("allocated", "acceptance_timeout", {}),
        ("qc_rework", "rework_timeout", {}),
        ("in_progress", "tat_breached", TAT),
    ],
)
async def test_a_timer_that_fired_before_a_restart_does_not_fire_after_it(
    tmp_path: Path, status: str, reason: str, fields: dict[str, object]
) -> None:
    settings, clock = make_settings(tmp_path), Clock()
    first = Desk(settings, clock=clock, captor=Captor())
    await first.portal.start()
    await first.hire()
    case_id = await first.create(**fields)
    await first.drive(case_id, status)
    assert (await first.case(case_id))["due_at"] is not None
    clock.advance(7200)
    assert await first.portal.timers.run_due(clock.now) == 1
    fired = await first.case(case_id)
    notified = first.notified(case_id)
    assert (fired["history"][-1]["actor"], fired["history"][-1]["reason"]) == ("timer", reason)
    await first.portal.stop()
    await first.http.aclose()
    clock.advance(7200)
    again = Desk(settings, clock=clock, captor=Captor())
    await again.portal.start()
    assert await again.portal.timers.run_due(clock.now) == 0
    assert await again.case(case_id) == fired
    assert again.notified(case_id) == notified == fired["history"][-1]["sequence"]
    await again.portal.stop()
    await again.http.aclose()


async def test_a_worker_who_begins_as_the_timer_fires_wins_or_is_told_so(desk: Desk) -> None:
    await desk.hire()
    cases = [await desk.create() for _ in range(6)]
    for case_id in cases:
        await desk.drive(case_id, "allocated")
    desk.clock.advance(1800)
    firing = asyncio.create_task(desk.portal.timers.run_due(desk.clock.now))
    answers = await asyncio.gather(*(desk.step(case_id, "in_progress") for case_id in cases))
    await firing
    for case_id, answer in zip(cases, answers, strict=True):
        last = (await desk.case(case_id))["history"][-1]
        if answer.status_code == 201:
            assert last["actor"] == "worker"
        else:
            assert answer.json()["message"] == TOO_LATE
            assert last["actor"] == "timer"
        assert desk.notified(case_id) == 3


async def test_a_timer_set_meanwhile_is_not_slept_through(tmp_path: Path) -> None:
    clock = Clock()
    settings = make_settings(tmp_path)
    desk = Desk(settings, clock=clock, captor=Captor())
    await desk.portal.start()
    await desk.hire()
    case_id = await desk.create(verification={"due_at": str(int(BEGIN) - 60)})
    await desk.drive(case_id, "in_progress")
    event = (await desk.captor.first(4))[-1]
    assert event.reason == "tat_breached"
    await desk.portal.stop()
    await desk.http.aclose()


@pytest.mark.parametrize(
    "agreed",
    [
        {"due_at": "9999-12-31T23:59:59.999999Z"},
        {"starts_at": "9999-12-31T23:00:00Z", "tat_hours": "99999"},
        {"due_at": "0001-01-01T00:00:00Z"},
    ],
)
async def test_a_turnaround_time_beyond_all_calendars_is_none_and_is_shown(
    desk: Desk, agreed: dict[str, str]
) -> None:
    await desk.hire()
    case_id = await desk.create(verification=agreed)
    await desk.drive(case_id, "in_progress")
    assert (await desk.case(case_id))["due_at"] is None
    assert (await desk.get("cases/")).status_code == 200
