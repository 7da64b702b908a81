"""Windows that end, gaps that the feed fills, old rows that go: beside everything else."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.models.events import Event
from fulfillment_sdk.receiver.cases.facts import Fact
from fulfillment_sdk.receiver.cases.feeds import Feed, feed_of
from fulfillment_sdk.receiver.cases.fill import MOST_HANGING, Filler, Wanted
from fulfillment_sdk.receiver.cases.judge import WINDOW, Rules
from fulfillment_sdk.receiver.cases.retention import forget_history, sweep
from fulfillment_sdk.receiver.cases.state import Hole
from fulfillment_sdk.receiver.cases.upkeep import LOOK_EVERY, Upkeep
from fulfillment_sdk.relay.dispatching.drift import Drift
from fulfillment_sdk.wire import load_event
from tests.unit.receiver.cases.conftest import PATIENCE, House, body_of, steps
from tests.unit.receiver.cases.facts import step

Shown = Mapping[str, object]


def shown(*numbers: int, case_id: str = "case_1") -> list[Shown]:
    return [json.loads(body_of(step(number), case_id)) for number in numbers]


@attrs.define
class Shelf:
    """A feed that remembers what it was asked for."""

    events: list[Shown] = attrs.field(factory=list)
    asked: list[str | None] = attrs.field(factory=list)
    raises: Exception | None = None

    def __call__(self, case_id: str | None) -> list[Shown]:
        self.asked.append(case_id)
        if self.raises is not None:
            raise self.raises
        return self.events


def upkeep(house: House, feed: Feed | None = None) -> Upkeep:
    return Upkeep(house.ledger, None if feed is None else Filler(feed, house.ledger))


async def filled(chores: Upkeep) -> None:
    """Look once, and wait for the feed's answer to be taken in."""
    await chores.look()
    assert chores.filler is not None
    if (task := chores.filler._task) is not None:
        await asyncio.wait_for(task, PATIENCE)


# -- windows --------------------------------------------------------------------------------------


async def test_where_nothing_waits_a_look_changes_nothing(small_house: House) -> None:
    house = small_house
    house.take(*steps(1, 2))

    assert await upkeep(house).look() == LOOK_EVERY
    assert house.lined_up() == ["evt_1", "evt_2"]


async def test_a_window_is_no_longer_for_a_clock_that_is_set_back(small_house: House) -> None:
    house, passed = small_house, [0.0]
    chores = attrs.evolve(
        upkeep(house), drift=Drift(lambda: house.now, monotonic=lambda: passed[0])
    )
    house.take(*steps(1, 3))
    house.now -= 3600
    await chores.look()
    house.now, passed[0] = house.now + WINDOW - 1, WINDOW - 1
    await chores.look()
    before = house.lined_up()
    house.now, passed[0] = house.now + 1, WINDOW
    await chores.look()

    assert (before, house.lined_up()) == (["evt_1"], ["evt_1", "evt_3"])


async def test_what_comes_after_the_clock_was_set_back_has_its_own_window(
    small_house: House,
) -> None:
    house = small_house
    drift = Drift(lambda: house.now, monotonic=lambda: 0.0)
    chores = attrs.evolve(upkeep(house), drift=drift)
    house.now -= 3600
    house.take(*steps(1, 3))
    await chores.look()

    assert house.lined_up() == ["evt_1"]


async def test_a_look_comes_again_when_the_next_window_ends(small_house: House) -> None:
    house = small_house
    house.under(Rules(window=0.2))
    house.take(*steps(1, 3))

    assert await upkeep(house).look() == pytest.approx(0.2)
    house.now += 0.2
    await upkeep(house).look()
    assert house.lined_up() == ["evt_1", "evt_3"]


async def test_one_look_ends_all_windows_that_are_over_however_much_waits_in_each(
    small_house: House,
) -> None:
    house = small_house
    for case_id in ("a", "b", "c"):
        numbers = [1, *range(3, 80)]
        many = [Fact(f"{case_id}_{n}", "news", n) for n in numbers]
        house.take_together(many, case_id)
    assert len(house.lined_up()) == 3
    house.now += 31

    await upkeep(house).look()

    assert len(house.lined_up()) == 3 * 78


async def test_it_goes_on_after_its_store_was_away(
    small_house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house, looks = small_house, asyncio.Queue[float]()
    house.take(*steps(1, 3))
    house.now += 31
    read = house.store.read
    away = [StoreUnavailable("disk I/O error")] * 2 + [RuntimeError("of somebody's name")]

    def failing(work: Callable[[sa.Connection], object]) -> object:
        if away:
            raise away.pop(0)
        return read(work)

    monkeypatch.setattr(house.store, "read", failing)

    async def sleep(seconds: float) -> None:
        looks.put_nowait(seconds)
        await asyncio.sleep(0)

    async with upkeep(house).running(sleep=sleep), asyncio.timeout(PATIENCE):
        for _ in range(4):
            await looks.get()
    monkeypatch.undo()

    assert house.lined_up() == ["evt_1", "evt_3"]
    assert caplog.text.count("they wait for their store: ") == 1
    assert "a look at them raised RuntimeError" in caplog.text
    assert "somebody" not in caplog.text


# -- the feed -------------------------------------------------------------------------------------


async def test_a_gap_is_filled_from_the_feed_before_its_window_ends(house: House) -> None:
    house.under(Rules(window=1000.0))
    shelf = Shelf(shown(1, 2, 3, 4, 5))
    house.take(*steps(1, 4))
    _age(house, 150.0)

    chores = upkeep(house, feed_of(shelf))
    await filled(chores)

    assert shelf.asked == ["case_1"]
    assert house.lined_up() == ["evt_1", "evt_2", "evt_3", "evt_4"]
    assert house.notes() == {"evt_2": {"origin": "feed"}, "evt_3": {"origin": "feed"}}
    assert set(house.outcomes().values()) == {"baseline", "applied"}


async def test_a_feed_is_not_asked_at_once_and_not_again_and_again(small_house: House) -> None:
    house = small_house
    shelf = Shelf()
    house.take(*steps(1, 3))
    chores = upkeep(house, feed_of(shelf))

    asked = []
    for _ in range(30):
        await filled(chores)
        asked.append(len(shelf.asked))
        house.now += 1.0
    assert (asked[2], asked[3], asked[11], asked[12], asked[29]) == (0, 1, 1, 2, 3)


async def test_a_feed_that_fails_is_said_to_and_the_window_ends_all_the_same(
    small_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house = small_house
    shelf = Shelf(raises=RuntimeError("https://token@host"))
    house.take(*steps(1, 3))
    house.now += 4
    chores = upkeep(house, feed_of(shelf))

    await filled(chores)
    house.now += 27
    await chores.look()

    assert house.lined_up() == ["evt_1", "evt_3"]
    assert "case case_1: its feed can't be asked: RuntimeError" in caplog.text
    assert "token" not in caplog.text


async def test_a_feed_that_hangs_holds_up_nobody(small_house: House) -> None:
    house, hanging, over = small_house, threading.Event(), threading.Event()

    def feed(_case_id: str | None) -> list[Shown]:
        hanging.set()
        over.wait(PATIENCE)
        return []

    house.take(*steps(1, 3))
    house.now += 4
    chores = upkeep(house, feed_of(feed))
    try:
        await chores.look()
        await asyncio.to_thread(hanging.wait, PATIENCE)
        house.take(step(1), case_id="case_2")
        house.now += 27
        async with asyncio.timeout(PATIENCE):
            await chores.look()
            assert chores.filler is not None
            await chores.filler.close()
        assert house.lined_up() == ["evt_1", "evt_3"]
    finally:
        over.set()


async def test_a_feed_that_hangs_for_one_case_is_asked_for_the_next(
    small_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house, over, asked = small_house, threading.Event(), list[str | None]()

    def feed(case_id: str | None) -> Iterator[Shown]:
        asked.append(case_id)
        if case_id == "case_1":
            over.wait(PATIENCE)
        yield from shown(2, case_id="case_2")

    house.take(Fact("evt_0", "news", 1), Fact("evt_00", "news", 3), case_id="case_1")
    house.take(*steps(1, 3), case_id="case_2")
    filler = Filler(feed_of(feed), house.ledger, within=0.2)
    wanted = [Wanted(one, (Hole(2, 2),), 20.0) for one in ("case_1", "case_2")]
    try:
        filler.begin(wanted)
        assert filler._task is not None
        await asyncio.wait_for(filler._task, PATIENCE)
        assert not filler.is_busy
        await asyncio.wait_for(filler.close(), PATIENCE)
    finally:
        over.set()

    assert asked == ["case_1", "case_2"]
    assert set(house.outcomes("case_2").values()) == {"baseline", "applied"}
    assert "case case_1: its feed can't be asked: TimeoutError" in caplog.text


async def test_a_feed_that_never_answers_is_waited_for_in_few_threads(small_house: House) -> None:
    over, asked = threading.Event(), list[str | None]()

    def feed(case_id: str | None) -> list[Shown]:
        asked.append(case_id)
        over.wait(PATIENCE)
        return []

    filler = Filler(feed_of(feed), small_house.ledger, within=0.1)
    wanted = [Wanted(f"case_{number}", (Hole(2, 2),), 20.0) for number in range(3 * MOST_HANGING)]
    try:
        filler.begin(wanted)
        assert filler._task is not None
        await asyncio.wait_for(filler._task, PATIENCE)
        assert len(asked) == filler._threads.count == MOST_HANGING
        assert filler._threads._calls.empty(), "nothing is kept for a thread that never comes"
        await filler.close()
    finally:
        over.set()


async def test_a_feed_is_not_asked_for_what_is_waited_for_no_longer(small_house: House) -> None:
    shelf, missing = Shelf(), (Hole(2, 2),)
    filler = Filler(feed_of(shelf), small_house.ledger)

    filler.begin([Wanted("case_slow", missing, 0.0), Wanted("case_1", missing, 20.0)])
    assert filler._task is not None
    await asyncio.wait_for(filler._task, PATIENCE)

    assert shelf.asked == ["case_1"]
    await filler.close()


async def test_an_event_of_the_feed_that_no_database_takes_is_passed_over(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    bad = [body_of(attrs.evolve(step(2), event_id=odd)) for odd in ("evt\0", "x" * 2000)]
    shelf = Shelf([*[json.loads(one) for one in bad], *shown(2)])
    house.under(Rules(window=1000.0))
    house.take(*steps(1, 3))
    _age(house, 150.0)

    await filled(upkeep(house, feed_of(shelf)))

    assert house.lined_up() == ["evt_1", "evt_2", "evt_3"]
    assert "can't be asked" not in caplog.text


async def test_what_a_feed_shows_beside_the_missing_is_left_alone(small_house: House) -> None:
    house = small_house
    odd: list[Shown] = [
        {},
        {"id": "evt_x"},
        {"id": "evt_y", "type": "news", "data": {}},
        *shown(2, case_id="case_of_another"),
    ]
    shelf = Shelf([*odd, *shown(1, 2, 9)])
    house.take(*steps(1, 3))
    house.now += 4

    await filled(upkeep(house, feed_of(shelf)))

    assert house.lined_up() == ["evt_1", "evt_2", "evt_3"]
    assert house.history("case_of_another") == []


def test_a_clients_feed_is_one_too() -> None:
    class Events:
        def iterate(self, *, case_id: str | None) -> Iterator[Event]:
            assert case_id == "case_1"
            yield load_event(body_of(step(1)))

    class Client:
        events = Events()

    [event] = feed_of(Client())("case_1")
    assert isinstance(event, Event)
    assert event.id == "evt_1"


# -- retention ------------------------------------------------------------------------------------


async def test_what_is_old_is_forgotten_but_for_what_waits(house: House) -> None:
    house.take(*steps(1, 2), case_id="case_old")
    house.take(*[step(n, f"w_{n}") for n in (1, 3)], case_id="case_waits")
    _age(house, 1000.0)
    house.take(step(1, "n_1"), case_id="case_new")

    await sweep(house.store, 500.0)

    assert [one.outcome for one in house.history("case_waits")] == ["held"]
    assert house.history("case_old") == []
    assert len(house.history("case_new")) == 1
    known = sa.text("SELECT case_id FROM receiver_cases ORDER BY case_id")
    ids = house.store.read(lambda c: c.execute(known).scalars().all()).result(PATIENCE)
    assert ids == ["case_new", "case_waits"]


def test_a_number_that_is_another_events_by_now_keeps_its_history(small_house: House) -> None:
    house = small_house
    house.take(*steps(1, 3))

    house.store.write(lambda c: forget_history(c, [1, 2], house.now - 500.0)).result(PATIENCE)

    assert [one.outcome for one in house.history()] == ["baseline", "held"]


async def test_a_case_that_goes_on_keeps_its_place_though_its_beginning_is_forgotten(
    house: House,
) -> None:
    house.take(*steps(1, 2))
    _age(house, 1000.0)
    house.take(step(3))

    await sweep(house.store, 500.0)
    assert [one.sequence for one in house.history()] == [3]
    house.take(step(2, "evt_other"))

    assert house.outcomes()["evt_other"] == "stale"
    assert house.lined_up() == ["evt_1", "evt_2", "evt_3"]


def _age(house: House, seconds: float) -> None:
    """Make what is there older, windows aside: they are as long as they were."""
    house.now += seconds
    if not house.store.url.startswith("postgresql"):
        return
    for statement in (
        f"UPDATE relay_events SET accepted_at = accepted_at - {seconds}",
        f"UPDATE receiver_history SET decided_at = decided_at - {seconds}",
        f"UPDATE receiver_cases SET last_at = last_at - {seconds}",
        f"UPDATE receiver_held SET until = until - {seconds}",
    ):
        house.store.write(lambda c, s=statement: c.execute(sa.text(s))).result(PATIENCE)  # type: ignore[misc]
