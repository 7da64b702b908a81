"""Destinations are rows whose versions tell a change, and whose failures are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.relay import Destination, Relay, RetryPolicy
from fulfillment_sdk.relay.schema import destinations
from fulfillment_sdk.relay.tables import registry
from fulfillment_sdk.relay.tables.registry import Registered, by_number, declare, get
from fulfillment_sdk.relay.tables.tally import Tally, count
from fulfillment_sdk.relay.values import BY_DECLARATION
from fulfillment_sdk.store import Store
from tests.unit.relay.by_hand import NOW, Tables, event, to
from tests.unit.relay.conftest import ScriptedSink

DAY = 86_400.0
SOON_OUT = RetryPolicy((0,), disable_after=(5 * DAY, 20))


@pytest.fixture
def tables(store: Store) -> Tables:
    return Tables(store)


def found(tables: Tables, known: Mapping[int, Registered] | None = None) -> dict[int, Registered]:
    sealer = tables.store.sealer
    return tables.store.read(lambda c: by_number(c, sealer, range(9), known or {})).result()


def declared(tables: Tables, destination: Destination) -> Destination:
    sealer = tables.store.sealer
    tables.write(lambda c: declare(c, sealer, destination, now=NOW))
    kept = tables.store.read(lambda c: get(c, sealer, destination.name)).result()
    assert kept is not None
    return kept.destination


def counted(tables: Tables, *tallies: Tally, now: float = NOW) -> dict[int, str]:
    return tables.write(lambda c: count(c, tallies, now=now))


def failures(tables: Tables) -> list[tuple[float | None, int]]:
    query = sa.select(destinations.c.failing_since, destinations.c.failed_attempts)
    query = query.order_by(destinations.c.no)
    rows = tables.store.read(lambda c: c.execute(query).all()).result()
    return [(since, attempts) for since, attempts in rows]


def test_a_destination_comes_back_as_it_was_put_in(tables: Tables) -> None:
    whole = to(
        settings={"url": "https://a.example", "nested": {"n": 1}},
        types=("case.completed",),
        owner="org",
        concurrency=3,
        timeout=7.5,
        rate=2.5,
        created_at=12.0,
    )
    tables.put(whole)

    assert found(tables)[1].destination == whole


def test_a_destination_stays_its_owners(tables: Tables) -> None:
    tables.put(to(owner="one"))
    with pytest.raises(ConfigurationError, match="another owner"):
        tables.put(to(owner="another"))
    assert found(tables)[1].destination.owner == "one"


def test_what_another_host_declared_is_kept_by_who_declares_only_what_is_new(
    tables: Tables,
) -> None:
    theirs = to(types=("case.completed",), policy=RetryPolicy((7, 8)), concurrency=3)
    kept = declared(tables, theirs)
    before = found(tables)[1].version
    ours = to(policy=RetryPolicy((1,)))
    relays = [
        Relay(tables.store, destinations=[one], sinks={"scripted": ScriptedSink()}, only_new=True)
        for one in (ours, attrs.evolve(ours, name="new"))
    ]

    named = tables.store.read(relays[0].list_destinations).result()
    assert [one.name for one in named] == ["partner", "new"]
    assert named[0] == kept
    assert named[1].policy == ours.policy
    assert found(tables)[1].version == before, "no dispatcher has anything to read again"


@pytest.mark.parametrize("rate", [0, -1.0])
def test_a_rate_at_which_nothing_would_go_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        to(rate=rate)


def test_what_did_not_change_is_not_read_again(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.put(to("one"), to("two"))
    before = found(tables)
    tables.put(to("two", timeout=5.0))
    opened: list[str] = []
    real = type(tables.store.sealer).open

    def counting(sealer: object, sealed: bytes, context: str) -> bytes:
        opened.append(context)
        return real(tables.store.sealer, sealed, context)

    monkeypatch.setattr(type(tables.store.sealer), "open", counting)
    after = found(tables, before)

    assert opened == ["relay_destinations.settings:two"]
    assert after[1] is before[1]
    assert after[2].destination.timeout == 5.0


def test_each_change_is_another_version_and_a_count_of_failures_is_none(tables: Tables) -> None:
    (registered,) = tables.put(to(owner="org"))
    seen = [registered.version]

    def noted() -> int:
        seen.append(found(tables)[1].version)
        return seen[-1]

    assert noted() == seen[0]
    counted(tables, Tally(registered, False, 1))
    assert noted() == seen[0]
    tables.put(to(owner="org"))
    assert noted() > seen[-2]
    tables.write(lambda c: registry.disable(c, 1, "410"))
    assert noted() > seen[-2]
    tables.write(lambda c: registry.enable_owner(c, "org", "410"))
    assert noted() > seen[-2]
    tables.write(lambda c: registry.disable_owner(c, "org", "deactivated"))
    assert noted() > seen[-2]


def test_a_name_that_comes_back_is_another_destination(tables: Tables) -> None:
    (first,) = tables.put(to())
    tables.accept(event("e1"))
    tables.write(lambda c: registry.remove(c, "partner"))
    (second,) = tables.put(to())

    assert second.no > first.no
    assert tables.pending() == []
    assert tables.lanes() == []


def test_what_a_host_declares_stays_disabled_if_it_was(tables: Tables) -> None:
    assert declared(tables, to()).enabled
    tables.write(lambda c: registry.disable(c, 1, "410"))
    again = declared(tables, to(timeout=5.0))

    assert (again.enabled, again.disabled_why, again.timeout) == (False, "410", 5.0)


def test_what_its_host_declared_off_goes_on_when_it_is_declared_on(tables: Tables) -> None:
    off = declared(tables, to(enabled=False, disabled_why=BY_DECLARATION))
    assert (off.enabled, off.disabled_why) == (False, BY_DECLARATION)

    on = declared(tables, to())

    assert (on.enabled, on.disabled_why) == (True, "")


def test_a_host_may_declare_a_destination_off_and_put_turns_it_on(tables: Tables) -> None:
    declared(tables, to())
    off = declared(tables, to(enabled=False, disabled_why="maintenance"))
    assert (off.enabled, off.disabled_why) == (False, "maintenance")

    tables.put(to())
    assert found(tables)[1].destination.enabled


def test_declaring_does_not_forget_failures_and_enabling_again_does(tables: Tables) -> None:
    (registered,) = tables.put(to())
    counted(tables, Tally(registered, False, 3))
    declared(tables, to())
    assert failures(tables) == [(NOW, 3)]

    tables.put(to(enabled=False))
    assert failures(tables) == [(NOW, 3)]
    tables.put(to())
    assert failures(tables) == [(None, 0)]


def test_a_success_ends_the_count_and_later_failures_begin_it_anew(tables: Tables) -> None:
    one, two = tables.put(to("one"), to("two"))
    counted(tables, Tally(one, False, 2), Tally(two, False, 1), Tally(one, False, 3))
    assert failures(tables) == [(NOW, 5), (NOW, 1)]

    counted(tables, Tally(one, False, 9), Tally(one, True, 1), Tally(two, True, 0), now=NOW + 5)
    assert failures(tables) == [(NOW + 5, 1), (None, 0)]


def test_a_success_counts_whatever_was_known_when_its_lane_was_claimed(tables: Tables) -> None:
    (old,) = tables.put(to())
    counted(tables, Tally(old, False, 4))
    counted(tables, Tally(old, True, 0))

    assert failures(tables) == [(None, 0)]


def test_days_and_attempts_without_a_success_disable_together(tables: Tables) -> None:
    long, fresh = tables.put(to("long", policy=SOON_OUT), to("fresh", policy=SOON_OUT))
    counted(tables, Tally(long, False, 1))
    later = NOW + 5 * DAY
    assert counted(tables, Tally(long, False, 18), Tally(fresh, False, 99), now=later) == {}

    why = "no success in 5.0 days and 20 attempts"
    assert counted(tables, Tally(long, False, 1), now=later) == {1: why}
    assert [
        (one.destination.enabled, one.destination.disabled_why) for one in found(tables).values()
    ] == [
        (False, why),
        (True, ""),
    ]


def test_a_destination_that_refuses_is_disabled_and_keeps_its_events(tables: Tables) -> None:
    one, two = tables.put(to("one"), to("two"))
    tables.accept(event("e1"))
    refusing = [Tally(one, False, 1, "410"), Tally(one, True, 0), Tally(two, False, 1)]

    assert counted(tables, *refusing) == {1: "410"}
    its = found(tables)[1].destination
    assert (its.enabled, its.disabled_why) == (False, "410")
    assert failures(tables) == [(None, 0), (NOW, 1)]
    assert list(tables.earliest()) == [2]
    assert len(tables.pending()) == 2


def test_what_failed_before_a_change_says_nothing_of_what_is_there_now(tables: Tables) -> None:
    (old,) = tables.put(to(policy=SOON_OUT))
    (new,) = tables.put(to(policy=SOON_OUT, settings={"url": "new"}))
    late = [Tally(old, False, 99, "410"), Tally(old, False, 99)]

    assert counted(tables, *late) == {}
    assert counted(tables, Tally(new, False, 2), *late, Tally(new, False, 1)) == {}
    assert found(tables)[1].destination.enabled
    assert failures(tables) == [(NOW, 3)]
    assert counted(tables, *late, Tally(new, False, 1, "404"), *late) == {1: "404"}


def test_a_failure_in_the_future_was_told_by_a_wrong_clock(tables: Tables) -> None:
    (registered,) = tables.put(to())
    counted(tables, Tally(registered, False, 1), now=NOW + 400 * DAY)
    counted(tables, Tally(registered, False, 1))

    assert failures(tables) == [(NOW, 2)]


def test_what_a_sink_is_handed_can_not_be_changed(tables: Tables) -> None:
    settings = {"token": "x", "more": {"deep": [{"a": 1}, [2]]}}
    (registered,) = tables.put(to(settings=settings))
    handed: Any = found(tables)[1].settings

    assert handed == registered.settings
    assert handed["more"]["deep"] == ({"a": 1}, (2,))
    for part in (handed, handed["more"], handed["more"]["deep"], handed["more"]["deep"][0]):
        with pytest.raises(TypeError, match="does not support item assignment"):
            part["token"] = "y"
    assert registered.destination.settings == settings, "a host may change and put what it got"


def test_failures_of_one_that_is_disabled_or_gone_are_not_counted(tables: Tables) -> None:
    off, gone = tables.put(to("off", policy=SOON_OUT), to("gone"))
    tables.write(lambda c: registry.disable(c, off.no, "410"))
    tables.write(lambda c: registry.remove(c, "gone"))

    assert counted(tables, Tally(off, False, 99), Tally(gone, False, 1), now=NOW + 9 * DAY) == {}
    assert failures(tables) == [(None, 0)]
    assert counted(tables) == {}
