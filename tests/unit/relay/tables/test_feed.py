"""An owner's feed has each event once, for good in one place, whoever accepts meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay import Event, FeedPage, Relay
from fulfillment_sdk.relay.reports.feed import mark_of
from fulfillment_sdk.relay.schema import events, feeds
from fulfillment_sdk.store import Sealer, Store
from tests.unit.relay.by_hand import event
from tests.unit.store.held import held_writer


@pytest.fixture
def relay(store: Store) -> Relay:
    return Relay(store, sinks={}, feeds=True)


def accept(relay: Relay, *batch: Event) -> list[str]:
    """Accept events in one transaction; returns what became of each."""
    accepted = relay.store.write(lambda c: relay.accept_in(c, batch)).result()
    return [one.status for one in accepted]


def page(
    relay: Relay,
    owner: str = "org",
    *,
    after: str | None = None,
    lane: str | None = None,
    limit: int = 100,
) -> FeedPage:
    return relay.feed(owner, after=after, lane=lane, limit=limit).result()


def ids(found: FeedPage) -> list[str]:
    return [one.id for one in found.events]


def read_on(relay: Relay, *, limit: int, lane: str | None = None) -> list[list[str]]:
    """Return the ids on each page, up to the first that is empty."""
    pages: list[list[str]] = []
    after: str | None = None
    while True:
        found = page(relay, after=after, lane=lane, limit=limit)
        if not found.events:
            return pages
        pages.append(ids(found))
        after = found.next


def remove(relay: Relay, *event_ids: str) -> None:
    """Remove events, as retention does."""
    gone = sa.delete(events).where(events.c.event_id.in_(event_ids))
    relay.store.write(lambda c: c.execute(gone)).result()


def test_nothing_is_there_at_first_and_what_comes_is_found_behind_the_same_cursor(
    relay: Relay,
) -> None:
    nothing = page(relay)
    assert (nothing.events, nothing.end) == ([], 0)

    accept(relay, event("e1"))
    first = page(relay, after=nothing.next)
    assert (ids(first), first.end) == (["e1"], 1)
    assert ids(page(relay, after=first.next)) == []
    assert page(relay, after=first.next).next == first.next

    accept(relay, event("e2"))
    assert ids(page(relay, after=first.next)) == ["e2"]


def test_an_event_comes_back_as_it_was_accepted(relay: Relay) -> None:
    whole = Event("e1", "case.completed", "case_9", 4, b'{"any": "bytes"}', "org")
    accept(relay, whole)
    assert page(relay).events == [whole]


def test_pages_follow_one_another_without_a_gap_or_a_repetition(relay: Relay) -> None:
    for n in range(7):
        accept(relay, event(f"e{n}"))
    assert read_on(relay, limit=3) == [["e0", "e1", "e2"], ["e3", "e4", "e5"], ["e6"]]
    assert read_on(relay, limit=7) == [[f"e{n}" for n in range(7)]]


def test_each_owner_has_a_feed_of_its_own_and_nobody_has_none(relay: Relay) -> None:
    accept(relay, event("e1"), event("e2", owner="other"), event("e3", owner=""), event("e4"))
    assert ids(page(relay)) == ["e1", "e4"]
    assert ids(page(relay, "other")) == ["e2"]
    assert ids(page(relay, "")) == []
    assert ids(page(relay, "unknown")) == []


def test_a_lanes_events_are_found_among_all_others(relay: Relay) -> None:
    accept(relay, *(event(f"e{n}", f"case_{n % 3}", n) for n in range(9)))
    accept(relay, event("theirs", "case_1", 99, owner="other"))
    assert read_on(relay, limit=2, lane="case_1") == [["e1", "e4"], ["e7"]]
    assert read_on(relay, limit=2, lane="unknown") == []


def test_a_lanes_events_that_are_accepted_together_stand_in_the_order_of_their_sequence(
    relay: Relay,
) -> None:
    accept(relay, *(event(f"z{n}", sequence=n) for n in (3, 1, 2)), event("a4", sequence=4))
    assert ids(page(relay, lane="case_1")) == ["z1", "z2", "z3", "a4"]


def test_events_without_a_sequence_stand_in_the_order_in_which_they_were_handed_in(
    relay: Relay,
) -> None:
    accept(relay, *map(event, "zmab"))
    assert ids(page(relay)) == list("zmab")


def test_an_event_that_is_known_is_there_once(relay: Relay) -> None:
    accept(relay, event("e1"))
    assert accept(relay, event("e1"), event("e1", body="other"), event("e2"), event("e2")) == [
        "duplicate",
        "conflict",
        "new",
        "duplicate",
    ]
    assert ids(page(relay)) == ["e1", "e2"]


def test_what_is_undone_was_never_there(relay: Relay) -> None:
    def change_of_mind(connection: sa.Connection) -> NoReturn:
        relay.accept_in(connection, [event("e1")])
        raise RuntimeError("not after all")

    with pytest.raises(RuntimeError):
        relay.store.write(change_of_mind).result()
    assert page(relay).end == 0
    accept(relay, event("e2"))
    assert ids(page(relay)) == ["e2"]


def test_one_that_cannot_be_stored_takes_no_position_from_the_others_of_its_commit(
    relay: Relay, store: Store
) -> None:
    release = held_writer(store)
    futures = [relay.accept(event(id)) for id in ("e1", "hush\0", "e2")]
    release()
    assert [futures[n].result(10).status for n in (0, 2)] == ["new", "new"]
    with pytest.raises(ValueError, match="An event's id"):
        futures[1].result(10)
    assert sorted(ids(page(relay))) == ["e1", "e2"]


def test_what_retention_removed_is_passed_over_also_where_a_cursor_stood(relay: Relay) -> None:
    for n in range(5):
        accept(relay, event(f"e{n}"))
    cursor = page(relay, limit=2).next
    remove(relay, "e0", "e1", "e2")
    assert ids(page(relay)) == ["e3", "e4"]
    assert ids(page(relay, after=cursor)) == ["e3", "e4"]


def test_positions_go_on_though_everything_was_removed(relay: Relay) -> None:
    accept(relay, event("e1"), event("e2"))
    cursor = page(relay).next
    remove(relay, "e1", "e2")
    accept(relay, event("e3"))
    assert ids(page(relay, after=cursor)) == ["e3"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "f", "f_1", "f_1_2_3", "q_1", "f_-1_0", "f_1_x", "f_9999999999999999999_1"]
)
def test_what_is_no_cursor_is_refused(relay: Relay, cursor: str) -> None:
    accept(relay, event("e1"))
    with pytest.raises(ValueError):  # noqa: PT011  Python's own words, for some of them
        page(relay, after=cursor)


def test_a_limit_below_one_is_refused(relay: Relay) -> None:
    with pytest.raises(ValueError, match="limit"):
        page(relay, limit=0)


def put_back(relay: Relay, last: int) -> None:
    """Put an older backup back, in which the feed ends at this position."""

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.delete(events).where(events.c.feed > last))
        connection.execute(sa.update(feeds).values(last=last))

    relay.store.write(work).result()


def test_a_cursor_of_what_a_restore_has_lost_is_refused_and_an_older_one_is_not(
    relay: Relay,
) -> None:
    accept(relay, event("e1"))
    older = page(relay).next
    accept(relay, event("e2"), event("e3"))
    lost = page(relay).next
    put_back(relay, 1)

    assert ids(page(relay, after=older)) == []
    with pytest.raises(ValueError, match="this cursor"):
        page(relay, after=lost)
    accept(relay, event("f2"), event("f3"), event("f4"))
    with pytest.raises(ValueError, match="this cursor"):
        page(relay, after=lost)
    assert ids(page(relay, after=older)) == ["f2", "f3", "f4"]


def test_large_bodies_make_a_page_shorter_and_the_largest_comes_alone(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.reports.feed.MOST_BYTES", 500)
    for n, size in enumerate((100, 100, 900, 10, 10)):
        accept(relay, event(f"e{n}", body="x" * size))
    assert read_on(relay, limit=100) == [["e0", "e1"], ["e2"], ["e3", "e4"]]


def test_a_page_wider_than_a_statement_comes_whole(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.tables.rows.MOST_KEYS", 4)
    wanted = [event(f"e{n:02}", owner=f"org{n % 7}") for n in range(28)]
    accept(relay, *wanted)
    assert ids(page(relay, "org3")) == ["e03", "e10", "e17", "e24"]
    owners = [f"org{n}" for n in range(7)]
    assert relay.feed_ends([*owners, "none"]).result() == {**dict.fromkeys(owners, 4), "none": 0}
    accept(relay, *(attrs.evolve(one, id=f"again-{one.id}", owner="org") for one in wanted))
    assert len(ids(page(relay))) == 28


def test_an_event_that_cannot_be_opened_is_told_and_not_left_out(store: Store) -> None:
    relay = Relay(store, sinks={}, feeds=True)
    accept(relay, event("e1"))
    store.sealer = Sealer([("other", b"o" * 32)])
    with pytest.raises(StoreError):
        page(relay)


def test_a_mark_tells_events_apart_and_is_no_secret_of_theirs() -> None:
    marks = [mark_of(f"evt_{n}") for n in range(100)]
    assert len(set(marks)) == 100
    assert all(0 <= one < 2**32 for one in marks)


# -- who has no feeds pays nothing for them --------------------------------------------------------


def statements(store: Store, relay: Relay, batch: Sequence[Event]) -> list[str]:
    """Return what is sent to the database to accept a batch."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    def work(connection: sa.Connection) -> None:
        sa.event.listen(connection, "before_cursor_execute", note)
        relay.accept_in(connection, batch)

    store.write(work).result()
    return sent


def two(*ids: str, owner: str) -> list[Event]:
    return [event(id, owner=owner) for id in ids]


def test_accepting_without_feeds_or_owners_takes_the_statements_it_always_took(
    store: Store, relay: Relay
) -> None:
    without = Relay(store, sinks={})
    nobodys = statements(store, without, two("e1", "e2", owner=""))
    assert statements(store, relay, two("e3", "e4", owner="")) == nobodys
    owned = statements(store, without, two("e5", "e6", owner="org"))
    assert not any("feed" in one for one in [*nobodys, *owned])
    assert len(owned) == len(nobodys) >= 3


def test_a_feed_costs_one_statement_more_and_the_owners_row_is_taken_before_all_else(
    store: Store, relay: Relay
) -> None:
    owned = statements(store, Relay(store, sinks={}), two("e1", "e2", owner="org"))
    counted = statements(store, relay, two("e3", "e4", owner="org"))
    assert len(counted) == len(owned) + 1
    [place] = [n for n, one in enumerate(counted) if "relay_feeds" in one]
    assert not any("relay_" in one for one in counted[:place])
    assert ids(page(relay)) == ["e3", "e4"]
