"""Destinations that want only what is labelled so, and events that are meant for one alone."""

from __future__ import annotations

import attrs
import pytest

from fulfillment_sdk.relay import Destination, Event, Filter, Relay
from fulfillment_sdk.store import Store
from tests.unit.relay.by_hand import Tables, delivered, event, to


@pytest.fixture
def tables(store: Store) -> Tables:
    return Tables(store)


def labelled(id: str, only_to: str = "", **labels: str) -> Event:
    return attrs.evolve(event(id), labels=labels, only_to=only_to)


def kept(tables: Tables, name: str) -> Destination | None:
    relay = Relay(tables.store, sinks={})
    return tables.store.read(lambda c: relay.get_destination(c, name)).result()


def settle_all(tables: Tables, *numbers: int) -> None:
    """Have everything delivered that is due for these destinations."""
    claimed = tables.claim(*numbers)
    tables.settle(*map(delivered, claimed))


def test_a_destination_gets_what_has_one_of_the_values_it_wants(tables: Tables) -> None:
    tables.put(to(only={"status": ("submitted", "qc_passed")}))
    tables.accept(
        labelled("e1", status="new"),
        labelled("e2", status="submitted"),
        labelled("e3", status="qc_passed", more="of it"),
        labelled("e4"),
    )
    assert tables.pending() == [("partner", "e2"), ("partner", "e3")]


def test_every_label_that_it_names_must_fit(tables: Tables) -> None:
    tables.put(to(only={"status": ["new"], "kind": ["x", "y"]}))
    tables.accept(
        labelled("e1", status="new"),
        labelled("e2", status="new", kind="z"),
        labelled("e3", status="new", kind="y"),
    )
    assert tables.pending() == [("partner", "e3")]


def test_a_label_without_values_is_one_that_nothing_fits(tables: Tables) -> None:
    tables.put(to(only={"status": ()}))
    tables.accept(labelled("e1", status="new"), labelled("e2"))
    assert tables.pending() == []


def test_types_count_besides_and_others_get_everything(tables: Tables) -> None:
    tables.put(to("picky", only={"status": ("new",)}, types=("u",)), to("all"))
    tables.accept(
        labelled("e1", status="new"), attrs.evolve(labelled("e2", status="new"), type="u")
    )
    assert tables.pending() == [("picky", "e2"), ("all", "e1"), ("all", "e2")]


def test_what_it_wants_is_kept_with_it_and_can_be_changed(tables: Tables) -> None:
    tables.put(to(only={"status": ["new"]}))
    stored = kept(tables, "partner")
    assert stored is not None
    assert stored.only == {"status": ("new",)}

    tables.put(attrs.evolve(stored, only={}))
    tables.accept(labelled("e1"))
    assert tables.pending() == [("partner", "e1")]


def test_what_is_meant_for_one_goes_there_alone_whatever_it_asks_for(tables: Tables) -> None:
    tables.put(
        to("one", owner="org", types=("u",), only={"status": ("new",)}), to("other", owner="org")
    )
    (accepted,) = tables.accept(labelled("e1", only_to="one"))
    assert accepted.deliveries == 1
    assert tables.pending() == [("one", "e1")]


@pytest.mark.parametrize("name", ["theirs", "unknown"])
def test_it_goes_nowhere_where_the_one_is_not_there_or_anothers(tables: Tables, name: str) -> None:
    tables.put(to("mine", owner="org"), to("theirs", owner="other"))
    (accepted,) = tables.accept(labelled("e1", only_to=name))
    assert (accepted.deliveries, tables.pending()) == (0, [])


def test_what_is_meant_for_one_is_in_no_feed(tables: Tables) -> None:
    relay = Relay(tables.store, sinks={}, feeds=True)
    for one in (labelled("e1", only_to="one"), event("e2")):
        relay.accept(one).result()
    assert [one.id for one in relay.feed("org").result().events] == ["e2"]


def test_labels_make_no_other_event_of_it() -> None:
    assert labelled("e1", status="new") == event("e1") == labelled("e1", only_to="one")
    assert len({labelled("e1", status="new"), event("e1")}) == 1
    assert "new" not in repr(labelled("e1", status="new"))


def test_sending_everything_again_sends_a_picky_one_what_it_had(tables: Tables) -> None:
    relay = Relay(tables.store, sinks={})
    tables.put(to(only={"status": ("new",)}), to("all"))
    tables.accept(labelled("e1", status="new"), labelled("e2", status="submitted"))
    settle_all(tables, 1, 2)
    assert tables.pending() == []

    assert relay.replay_many(dead_only=False).result() == 3
    assert tables.pending() == [("partner", "e1"), ("all", "e1"), ("all", "e2")]


def test_sending_everything_again_sends_nobody_what_was_meant_for_another(tables: Tables) -> None:
    relay = Relay(tables.store, sinks={}, feeds=True)
    tables.put(to("one", owner="org"), to("other", owner="org"))
    for one in (labelled("e1", only_to="one"), event("e2")):
        relay.accept(one).result()
    settle_all(tables, 1, 2)

    assert relay.replay_many(Filter(destination="other"), dead_only=False).result() == 1
    assert relay.replay_many(Filter(destination="one"), dead_only=False).result() == 2
    assert sorted(tables.pending()) == [("one", "e1"), ("one", "e2"), ("other", "e2")]
