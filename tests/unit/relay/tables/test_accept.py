"""Accepting is all or nothing, once per id, and only for those who want the event."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import NoReturn

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.relay import Destination, Event, Relay
from fulfillment_sdk.relay.schema import quarantine
from fulfillment_sdk.relay.tables.line_up import lane_number
from fulfillment_sdk.store import Store
from tests.unit.relay.conftest import Bench, ScriptedSink, event, to

Make = Callable[..., Bench]


def test_an_event_is_new_once(make: Make) -> None:
    assert make().accept(event("e1"), event("e1"), event("e2")) == ["new", "duplicate", "new"]


def test_a_known_id_with_other_bytes_is_kept_apart_and_not_passed_on(make: Make) -> None:
    bench = make()
    other = Event("e1", "t", "case_1", None, b"something else", "org")

    assert bench.accept(event("e1"), other, other) == ["new", "conflict", "conflict"]
    assert bench.pending() == [("partner", "e1")]
    kept = bench.store.read(lambda c: c.execute(sa.select(quarantine)).all()).result()
    assert [(row.event_id, row.why) for row in kept] == [("e1", "known id with other bytes")]


def test_the_callers_transaction_carries_the_event_or_takes_it_back(make: Make) -> None:
    bench = make()

    def change_of_mind(connection: sa.Connection) -> NoReturn:
        bench.relay.accept_in(connection, [event("e1")])
        raise RuntimeError("the status did not change after all")

    with pytest.raises(RuntimeError):
        bench.store.write(change_of_mind).result()
    assert bench.pending() == []
    bench.store.write(lambda c: bench.relay.accept_in(c, [event("e1")])).result()
    assert bench.pending() == [("partner", "e1")]


def test_results_come_in_the_order_of_the_events(make: Make) -> None:
    bench = make()
    bench.accept(event("b"))
    batch = [event("c"), event("b"), event("a")]

    results = bench.store.write(lambda c: bench.relay.accept_in(c, batch)).result()

    assert [(one.event_id, one.status) for one in results] == [
        ("c", "new"),
        ("b", "duplicate"),
        ("a", "new"),
    ]


def test_each_destination_gets_the_types_and_the_owner_it_asked_for(make: Make) -> None:
    bench = make(
        to("all"),
        to("completions", types=("case.completed",)),
        to("mine", owner="org"),
        to("theirs", owner="other org"),
    )

    bench.accept(event("e1", type="case.completed"), event("e2"))

    assert bench.pending() == [
        ("all", "e1"),
        ("all", "e2"),
        ("completions", "e1"),
        ("mine", "e1"),
        ("mine", "e2"),
    ]


def test_an_event_that_nobody_wants_is_kept_all_the_same(make: Make) -> None:
    bench = make(to("theirs", owner="other org"))

    assert bench.accept(event("e1"), event("e1")) == ["new", "duplicate"]
    assert bench.pending() == []


def test_what_is_stored_is_sealed(make: Make, store: Store) -> None:
    bench = make(to(settings={"secret": "whsec_hush"}))
    bench.accept(event("e1"))
    bench.relay.quarantine("e2", b"body of e2", "unreadable").result()

    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as raw:
        dump = "\n".join(raw.iterdump())
    assert b"body of".hex() not in dump.lower()
    assert b"whsec_hush".hex() not in dump.lower()
    assert "whsec_hush" not in dump


def test_lanes_are_64_signed_bits() -> None:
    numbers = [lane_number(f"case_{n}") for n in range(200)]

    assert len(set(numbers)) == 200
    assert all(-(2**63) <= number < 2**63 for number in numbers)
    assert lane_number("case_1") == lane_number("case_1")


def test_destinations_come_change_and_go_at_run_time(make: Make) -> None:
    bench = make()
    relay = bench.relay
    added = bench.store.write(
        lambda c: relay.put_destination(c, to("sub_1", owner="org", settings={"url": "a"}))
    ).result()
    assert added.created_at == bench.clock.now
    bench.accept(event("e1"))
    bench.clock.now += 60
    bench.store.write(
        lambda c: relay.put_destination(c, to("sub_1", owner="org", settings={"url": "b"}))
    ).result()

    changed = bench.store.read(lambda c: relay.get_destination(c, "sub_1")).result()
    assert changed is not None
    assert (changed.settings, changed.created_at) == ({"url": "b"}, added.created_at)
    mine = bench.store.read(lambda c: relay.list_destinations(c, "org")).result()
    assert [one.name for one in mine] == ["sub_1"]
    assert ("sub_1", "e1") in bench.pending()

    assert bench.store.write(lambda c: relay.remove_destination(c, "sub_1")).result()
    assert not bench.store.write(lambda c: relay.remove_destination(c, "sub_1")).result()
    assert bench.store.read(lambda c: relay.get_destination(c, "sub_1")).result() is None
    assert bench.pending() == [("partner", "e1")]


def test_an_owners_destinations_are_held_and_go_on_together(make: Make) -> None:
    bench = make(
        to("mine", owner="org"),
        to("gone", owner="org", enabled=False, disabled_why="410"),
        to("theirs", owner="other org"),
    )
    relay, store = bench.relay, bench.store

    def enabled() -> list[str]:
        found = store.read(relay.list_destinations).result()
        return [one.name for one in found if one.enabled]

    store.write(lambda c: relay.disable_owner(c, "org", "deactivated")).result()
    bench.accept(event("e1"))
    assert enabled() == ["theirs"]
    assert bench.pending() == [("mine", "e1"), ("gone", "e1")]

    store.write(lambda c: relay.enable_owner(c, "org", "deactivated")).result()
    assert enabled() == ["mine", "theirs"], "what disabled itself stays so"


def test_a_restart_keeps_what_a_disabled_destination_is_owed(make: Make) -> None:
    make(to("partner", enabled=False, disabled_why="410"))
    bench = make(to("partner"))
    bench.accept(event("e1"))

    found = bench.store.read(lambda c: bench.relay.get_destination(c, "partner")).result()
    assert found is not None
    assert (found.enabled, found.disabled_why) == (False, "410")
    assert bench.pending() == [("partner", "e1")]


def test_two_destinations_of_one_name_are_refused(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="'twice'"):
        Relay(store, destinations=[to("twice"), to("twice")], sinks={"scripted": ScriptedSink()})


def test_a_destination_without_its_sink_is_refused_with_the_known_ones(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="Known kinds: scripted"):
        Relay(store, destinations=[Destination("x", "mail")], sinks={"scripted": ScriptedSink()})


def test_a_settings_value_sealed_with_a_lost_key_is_told(make: Make) -> None:
    bench = make()
    bench.store.write(
        lambda c: c.execute(sa.text("UPDATE relay_destinations SET settings = x'0102'"))
    ).result()

    with pytest.raises(StoreError, match="FULFILLMENT_STORAGE_KEYS"):
        bench.store.read(lambda c: bench.relay.list_destinations(c)).result()
