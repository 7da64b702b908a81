"""The gateway's tables and what becomes of their rows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.server.gateway import housekeeping, schema
from fulfillment_sdk.server.gateway.housekeeping import keep_house, sweep
from fulfillment_sdk.server.gateway.identity import codes, issued, limits, organizations
from fulfillment_sdk.server.gateway.identity.digests import Digests
from fulfillment_sdk.server.gateway.identity.organizations import Email, Organization
from fulfillment_sdk.server.gateway.identity.tokens import Claims
from fulfillment_sdk.server.observability.pulse import Pulse
from fulfillment_sdk.store import Sealer, Store

DAY = 86_400.0
HOPE = Organization("org_1", "Hope", "hope", "active", 1.0, 1.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(url, schemas=[schema.SCHEMA], sealer=sealer) as store:
        yield store


def described(inspector: sa.Inspector) -> dict[str, object]:
    return {
        table: {
            "columns": [
                (one["name"], str(one["type"]), one["nullable"])
                for one in inspector.get_columns(table)
            ],
            "key": inspector.get_pk_constraint(table),
            "indexes": sorted(
                (one["name"] or "", tuple(one["column_names"]), one["unique"])
                for one in inspector.get_indexes(table)
            ),
            "unique": inspector.get_unique_constraints(table),
            "foreign": inspector.get_foreign_keys(table),
        }
        for table in sorted(inspector.get_table_names())
        if table != "gateway_schema_version"
    }


def test_a_migrated_database_equals_the_tables_in_the_code(store: Store, tmp_path: Path) -> None:
    fresh = sa.create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    schema.metadata.create_all(fresh)
    wanted = described(sa.inspect(fresh))
    fresh.dispose()
    found = store.read(lambda connection: described(sa.inspect(connection))).result()
    assert found == wanted
    assert len(wanted) == 9
    assert all(name.startswith("gateway_") for name in wanted)


def test_a_name_is_owned_once(store: Store) -> None:
    def twice(connection: sa.Connection) -> list[bool]:
        second = Organization("org_2", "HOPE", "hope", "active", 1.0, 1.0)
        return [organizations.create(connection, one) for one in (HOPE, second)]

    assert store.write(twice).result() == [True, False]
    assert store.read(lambda c: organizations.find(c, "hope")).result() == HOPE


def test_addresses_are_sealed_and_their_owner_comes_first(store: Store) -> None:
    def fill(connection: sa.Connection) -> None:
        organizations.create(connection, HOPE)
        for email in (
            Email("eml_1", "org_1", "member", "b@example.org", 1.0),
            Email("eml_2", "org_1", "owner", "a@example.org", 1.0),
        ):
            organizations.add_email(connection, email, store.sealer, digest=email.email[:1])

    store.write(fill).result()
    found = store.read(lambda c: organizations.emails_of(c, "org_1", store.sealer)).result()
    assert [(one.role, one.email) for one in found] == [
        ("owner", "a@example.org"),
        ("member", "b@example.org"),
    ]
    raw = store.read(lambda c: list(c.execute(sa.select(schema.emails.c.email)).scalars())).result()
    assert not any(b"example" in bytes(one) for one in raw)
    assert "example" not in repr(found)


class CountingSealer:
    """A sealer that counts what it opens."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self.opened = 0

    def open(self, sealed: bytes, context: str) -> bytes:
        self.opened += 1
        return self._sealer.open(sealed, context)


def test_whether_an_address_is_a_member_is_found_without_opening_the_others(store: Store) -> None:
    digests = Digests(b"1" * 32)

    def fill(connection: sa.Connection) -> None:
        organizations.create(connection, HOPE)
        for number in range(100):
            email = Email(f"eml_{number}", "org_1", "member", f"a{number}@example.org", 1.0)
            digest = digests.member("org_1", email.email)
            organizations.add_email(connection, email, store.sealer, digest=digest)

    store.write(fill).result()
    for address, opened in (("a7@example.org", 1), ("stranger@example.org", 0)):
        sealer = CountingSealer(store.sealer)
        found = store.read(partial(find_email, address, digests, sealer)).result()
        assert (found is not None, sealer.opened) == (opened == 1, opened)


def test_a_member_is_found_after_a_rotation_and_without_a_digest(store: Store) -> None:
    def fill(connection: sa.Connection) -> None:
        organizations.create(connection, HOPE)
        for number in range(2):
            email = Email(f"eml_{number}", "org_1", "member", f"a{number}@example.org", 1.0)
            digest = Digests(b"1" * 32).member("org_1", email.email)
            organizations.add_email(connection, email, store.sealer, digest=digest)
        older = schema.emails.update().where(schema.emails.c.id == "eml_1").values(digest=None)
        connection.execute(older)

    store.write(fill).result()
    rotated = Digests(b"2" * 32, b"1" * 32)
    for address, email_id in (("a0@example.org", "eml_0"), ("a1@example.org", "eml_1")):
        found = store.read(partial(find_email, address, rotated, store.sealer)).result()
        assert found is not None
        assert found.id == email_id
    stranger = partial(find_email, "b@example.org", rotated, store.sealer)
    assert store.read(stranger).result() is None


def find_email(
    address: str, digests: Digests, sealer: Sealer | CountingSealer, connection: sa.Connection
) -> Email | None:
    return organizations.find_email(
        connection,
        "org_1",
        address,
        digests=digests.member_by_any_key("org_1", address),
        sealer=cast(Sealer, sealer),
    )


def test_a_state_changes_once(store: Store) -> None:
    def change(connection: sa.Connection) -> Organization | None:
        organizations.create(connection, HOPE)
        organizations.set_state(connection, "org_1", "active", now=5.0)
        organizations.set_state(connection, "org_1", "deactivated", now=6.0)
        return organizations.get(connection, "org_1")

    changed = store.write(change).result()
    assert changed is not None
    assert (changed.state, changed.changed_at) == ("deactivated", 6.0)


def test_a_withdrawn_code_goes_unless_a_newer_one_took_its_place(store: Store) -> None:
    def work(connection: sa.Connection) -> list[bool]:
        codes.issue(connection, "pair", b"old", 1.0)
        codes.issue(connection, "pair", b"new", 2.0)
        there = []
        for code in (b"old", b"new"):
            codes.withdraw(connection, "pair", code)
            there.append(codes.find(connection, "pair") is not None)
        return there

    assert store.write(work).result() == [True, False]


def claims(jti: str, now: float) -> Claims:
    return Claims.new(organization_id="org_1", organization_name="Hope", jti=jti, now=now)


def fill_everything(connection: sa.Connection) -> None:
    codes.issue(connection, "pair", b"code", 0.0)
    limits.count_mail(connection, mail_id="m", email="e", address="a", limits=(5, 20), now=0.0)
    issued.record(connection, claims("jti", 0.0), email_id=None)
    connection.execute(
        schema.reservations.insert().values(
            intake_id="int",
            organization_id="org_1",
            digest="d",
            holder="h",
            held_until=0.0,
            created_at=0.0,
            answer=None,
        )
    )
    connection.execute(
        schema.keys.insert().values(organization_id="org_1", key="k", intake_id="int")
    )


@pytest.mark.parametrize(
    ("now", "removed"),
    [
        (3599, 0),
        (3600, 1),
        (DAY - 1, 1),
        (DAY, 2),
        (365 * DAY - 1, 2),
        (365 * DAY, 3),
        (400 * DAY - 1, 3),
        (400 * DAY, 4),
    ],
)
def test_rows_are_removed_when_their_time_is_over(store: Store, now: float, removed: int) -> None:
    store.write(fill_everything).result()
    assert store.write(lambda connection: sweep(connection, now)).result() == removed
    assert store.write(lambda connection: sweep(connection, now)).result() == 0


async def test_the_pulse_tells_why_the_store_cannot_be_used_and_when_it_can_again(
    store: Store, tmp_path: Path
) -> None:
    pulse = Pulse(store)
    felt: list[str] = []

    async def note(seconds: float) -> None:
        felt.append(pulse.problem)
        if len(felt) == 1:
            store.close()
        else:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await pulse.keep_feeling(sleep=note)
    assert felt == ["", "The store is closed"]
    with Store.open(f"sqlite:///{tmp_path / 'other.db'}", schemas=[], sealer=store.sealer) as other:
        again = Pulse(other)
        await again.feel()
        assert again.problem == ""


async def test_the_pulse_goes_on_after_what_no_store_should_say(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulse = Pulse(store)

    def odd() -> None:
        raise sa.exc.ProgrammingError("statement", {}, Exception("what somebody wrote"))

    with monkeypatch.context() as patched:
        patched.setattr(store, "probe", odd)
        await pulse.feel()
    assert pulse.problem == "The store can't be used: ProgrammingError"
    await pulse.feel()
    assert pulse.problem == ""


async def test_housekeeping_goes_on_until_nothing_is_left_and_survives_a_failing_store(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    removals = iter([housekeeping.BATCH, housekeeping.BATCH, 3])
    done = asyncio.Event()

    def counted(_connection: sa.Connection, _now: float) -> int:
        try:
            return next(removals)
        except StopIteration:
            raise StoreUnavailable("The disk is full") from None

    async def pause(_seconds: float) -> None:
        pauses.append(_seconds)
        if len(pauses) == 2:
            done.set()
            await asyncio.Event().wait()

    pauses: list[float] = []
    monkeypatch.setattr(housekeeping, "sweep", counted)
    task = asyncio.create_task(keep_house(store, lambda: 0.0, sleep=pause))
    await done.wait()
    task.cancel()
    assert pauses == [3600.0, 3600.0]
    assert "The disk is full" in caplog.text


def test_a_token_is_revoked_once_and_for_all(store: Store) -> None:
    def work(connection: sa.Connection) -> list[bool]:
        issued.record(connection, claims("a", 0.0), email_id="eml_1")
        issued.record(connection, claims("b", 0.0), email_id="eml_1")
        issued.record(connection, claims("c", 0.0), email_id="eml_2")
        issued.revoke(connection, claims("a", 0.0), now=1.0)
        issued.revoke(connection, claims("a", 0.0), now=2.0)
        issued.revoke(connection, claims("unknown", 0.0), now=1.0)
        first = [issued.is_revoked(connection, jti) for jti in ("a", "b", "unknown")]
        issued.revoke_email(connection, "eml_1", now=3.0)
        return [*first, *(issued.is_revoked(connection, jti) for jti in ("b", "c"))]

    assert store.write(work).result() == [True, False, True, True, False]
