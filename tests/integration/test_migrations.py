"""A database that was migrated is one that was made afresh, and nothing in it is lost."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from fulfillment_sdk.relay import SCHEMA as RELAY
from fulfillment_sdk.relay import Delivered, Delivery, Event, Relay
from fulfillment_sdk.store import Schema, Sealer, Store
from tests.integration.databases import (
    SCHEMAS,
    Sample,
    described,
    every_row,
    opened,
    revisions,
    samples,
)
from tests.integration.gateway.parts import BASE, ORGANIZATION, OWNER, STAFF, open_house
from tests.integration.portal.desk import Captor, Clock, Desk, make_settings
from tests.integration.portal.files.senders import until
from tests.postgres import server
from tests.samples.databases.make import KEYS, NOTE, SUBSCRIBED, events

DATABASES = ("sqlite", "postgresql")
MadeAfresh: TypeAlias = Callable[..., Mapping[str, object]]
SAMPLES = {sample.path.name.removesuffix(".sql"): sample for sample in samples()}


def names_of(database: str) -> list[str]:
    return [name for name, sample in SAMPLES.items() if sample.database == database]


@pytest.fixture(params=DATABASES)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two empty databases of one kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/one.db", f"sqlite:///{tmp_path}/other.db"
        return
    made = server().new_database(), server().new_database()
    yield made
    for url in made:
        server().drop_database(url)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/one.db"
        return
    made = server().new_database()
    yield made
    server().drop_database(made)


def make_afresh(url: str, *schemas: Schema) -> None:
    with opened(url) as connection:
        for schema in schemas:
            schema.metadata.create_all(connection)


@pytest.fixture(scope="module")
def made_afresh(tmp_path_factory: pytest.TempPathFactory) -> MadeAfresh:
    """Tells of a database of such a kind with such tables; one is made for all that ask for it."""

    @cache
    def made_afresh(kind: str, *schemas: Schema) -> Mapping[str, object]:
        on_server = kind == "postgresql"
        folder = tmp_path_factory.mktemp("afresh")
        url = server().new_database() if on_server else f"sqlite:///{folder}/fresh.db"
        make_afresh(url, *schemas)
        found = described(url, schemas)
        if on_server:
            server().drop_database(url)
        return found

    return made_afresh


def migrate(url: str, *schemas: Schema) -> None:
    Store.open(url, schemas=schemas, sealer=Sealer(KEYS)).close()


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_migrated_database_is_one_made_afresh(schema: Schema, urls: tuple[str, str]) -> None:
    migrated, fresh = urls
    migrate(migrated, schema)
    make_afresh(fresh, schema)
    expected = described(fresh, [schema])
    assert expected["tables"] == sorted(schema.metadata.tables)
    assert described(migrated, [schema]) == expected


def test_a_difference_of_one_index_is_seen(urls: tuple[str, str]) -> None:
    migrated, fresh = urls
    relay = SCHEMAS["relay"]
    migrate(migrated, relay)
    make_afresh(fresh, relay)
    with opened(migrated) as connection:
        connection.execute(sa.text("DROP INDEX ix_relay_attempts_at"))
    assert described(migrated, [relay]) != described(fresh, [relay])


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_every_table_carries_its_rooms_name(schema: Schema) -> None:
    assert all(name.startswith(f"{schema.name}_") for name in schema.metadata.tables)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_there_is_a_sample_of_every_revision(schema: Schema) -> None:
    there = {sample.revisions.get(schema.name) for sample in SAMPLES.values()}
    assert set(revisions(schema)) <= there, "run tests/samples/databases/make.py"


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_sample_becomes_what_is_made_afresh_and_keeps_every_row(
    sample: Sample, url: str, made_afresh: MadeAfresh, tmp_path: Path
) -> None:
    old, kind = url, make_url(url).get_backend_name()
    if old.startswith("sqlite"):
        old = sample.restore(tmp_path / "data")
    else:
        sample.copy_to(old, tmp_path / "data")
    before = _counts(old)
    assert sum(before.values()) > 5
    migrate(old, *sample.schemas)
    assert described(old, sample.schemas) == made_afresh(kind, *sample.schemas)
    rows = every_row(old, sample.schemas)
    assert {name: len(rows[name]) for name in before} == before


class Taker:
    """A sink that takes everything."""

    def __init__(self) -> None:
        self.taken: queue.SimpleQueue[Delivery] = queue.SimpleQueue()

    def deliver(self, delivery: Delivery) -> Delivered:
        self.taken.put(delivery)
        return Delivered()


@pytest.mark.parametrize("name", names_of("receiver"))
def test_a_receivers_events_can_all_be_delivered_afterwards(
    name: str, url: str, tmp_path: Path
) -> None:
    sample = SAMPLES[name]
    if url.startswith("sqlite"):
        url = sample.restore(tmp_path / "data")
    else:
        sample.copy_to(url, tmp_path / "data")
    taker = Taker()
    with Relay(url, keys=KEYS, sinks={"judge": taker}) as relay:
        assert {one.event_id: one.conflict for one in relay.quarantined().result(30)} == {
            "evt_arrived": True,
            "evt_odd": False,
        }
        [letter] = relay.dead_letters().result(30)
        assert (letter.event_id, letter.why) == ("evt_dead", "422")
        pending = relay.undelivered(state="pending").result(30)
        assert [one.event_id for one in pending] == ["evt_retried", "evt_waiting"]
        assert pending[0].why == "503"
        outcomes = {one.event_id: one.outcome for one in relay.attempts().result(30)}
        assert outcomes == {"evt_arrived": "delivered", "evt_dead": "dead", "evt_retried": "retry"}

        relay.store.write(
            lambda c: c.execute(sa.text("UPDATE relay_lanes SET due_at = 0"))
        ).result()
        taken = [taker.taken.get(timeout=30) for _ in range(2)]
        assert relay.replay_many().result(30) == 1
        assert relay.replay("judge", "evt_arrived").result(30)
        taken += [taker.taken.get(timeout=30) for _ in range(2)]
        expected = events()
        assert {one.event for one in taken} == set(expected)
        assert {one.settings["secret"] for one in taken} == {sample.facts["secret"]}
        new = Event("evt_new", "t", "case_9", 1, b"new", "org")
        assert relay.accept(new).result(30).deliveries == 1
        assert taker.taken.get(timeout=30).event == new


@pytest.mark.parametrize("name", names_of("receiver"))
def test_what_was_accepted_before_there_were_feeds_is_in_its_owners(
    name: str, url: str, tmp_path: Path
) -> None:
    sample = SAMPLES[name]
    if url.startswith("sqlite"):
        url = sample.restore(tmp_path / "data")
    else:
        sample.copy_to(url, tmp_path / "data")
    relay = Relay(url, keys=KEYS, sinks={}, feeds=True)
    expected = [event.id for event in events()]
    if sample.revisions["relay"] < "0004":
        page = relay.feed("org", limit=3).result(30)
        assert [one.id for one in page.events] == expected[:3]
        assert [one.id for one in relay.feed("org", after=page.next).result(30).events] == [
            expected[3]
        ]
    beginning = relay.feed("org").result(30).next
    relay.accept(Event("evt_new", "t", "case_9", 1, b"new", "org")).result(30)
    [new] = relay.feed("org", after=beginning).result(30).events
    assert new.id == "evt_new"
    relay.close()


@pytest.mark.parametrize("name", names_of("gateway"))
async def test_a_gateways_token_subscription_and_case_are_as_they_were(
    name: str, tmp_path: Path
) -> None:
    sample = SAMPLES[name]
    sample.restore(tmp_path / "data")
    facts = sample.facts
    async with open_house(tmp_path / "data", storage_keys=KEYS) as house:
        token = str(facts["token"])
        listed = (await house.get(f"{BASE}/subscriptions/", token=token)).json()["items"]
        assert [(one["id"], one["url"]) for one in listed] == [(facts["subscription"], SUBSCRIBED)]
        [organization] = (await house.get("/admin/api/organizations/", token=STAFF)).json()["items"]
        assert organization["name"] == ORGANIZATION
        assert [one["email"] for one in organization["emails"]] == [OWNER]
        told = (await house.get(f"{BASE}/events/", token=token)).json()["events"]
        assert [one["id"] for one in told] == ["evt_owed"]
        owed = (await house.get("/admin/api/deliveries/", token=STAFF)).json()["items"]
        assert [(one["event_id"], one["state"]) for one in owed] == [("evt_owed", "pending")]
        relay = house.gateway.context.relay
        kept = await relay.store.read(
            lambda c: relay.get_destination(c, str(facts["subscription"]))
        )
        assert kept is not None
        assert kept.settings["secrets"] == [facts["secret"]]


@pytest.mark.parametrize("name", names_of("portal"))
async def test_a_portals_cases_are_as_they_were_and_go_on(name: str, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    sample.restore(tmp_path / "data")
    facts = sample.facts
    captor = Captor()
    desk = Desk(make_settings(tmp_path / "data"), clock=Clock(), captor=captor)
    await desk.portal.start()
    try:
        kept = await desk.case(str(facts["done"]))
        assert {name: kept[name] for name in facts["shown"]} == facts["shown"]
        if "file" in facts:
            file = await desk.get(f"cases/{facts['done']}/files/{facts['file']}/")
            assert file.content == NOTE
        await desk.drive(str(facts["new"]), "qc_passed")

        async def all_have_arrived() -> bool:
            told = await desk.get("deliveries/", state="delivered", limit="200")
            return len({one["id"] for one in told.json()["items"]}) >= 7

        await until(desk.portal, all_have_arrived)
        # A case of before revision 4 has its category read from its request.
        gone_on = [one for one in captor.events() if one.case_id == facts["new"]]
        assert {one.case_category_id for one in gone_on} == {"362485"}
    finally:
        await desk.portal.stop()
        await desk.http.aclose()


def _counts(url: str) -> dict[str, int]:
    """Return how many rows each table has, whatever tables there are."""
    with opened(url) as connection:
        names = [
            name
            for name in sa.inspect(connection).get_table_names()
            if not name.endswith("_schema_version")
        ]
        return {
            name: int(connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one())
            for name in names
        }


def test_stores_that_open_at_the_same_moment_each_get_their_own_tables(tmp_path: Path) -> None:
    together = threading.Barrier(6)

    def tables(name: str) -> set[str]:
        url = f"sqlite:///{tmp_path}/{name}.db"
        together.wait(10)
        with Store.open(url, schemas=[RELAY], sealer=Sealer([("k", b"k" * 32)])) as store:
            return store.read(lambda c: set(sa.inspect(c).get_table_names())).result()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(tables, "abcdef"))
    assert found == [{*RELAY.metadata.tables, RELAY.version_table}] * 6
