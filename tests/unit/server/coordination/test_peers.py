"""What the servers on one database must have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fulfillment_sdk.server.coordination.leases import Lease
from fulfillment_sdk.server.coordination.peers import ALIVE_SECONDS, Keyrings, Peers, digests, unfit
from fulfillment_sdk.server.gateway.schema import LEASES, SCHEMA
from fulfillment_sdk.store import Sealer, Store

OLD, NEW = ("old", b"o" * 32), ("new", b"n" * 32)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    with Store.open(url, schemas=[SCHEMA], sealer=Sealer([OLD]), clock=clock) as opened:
        yield opened


def ring(*keys: tuple[str, bytes]) -> Keyrings:
    return {"KEYS": digests(keys)}


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (ring(OLD), ring(OLD)),
        (ring(OLD), ring(OLD, NEW)),
        (ring(NEW, OLD), ring(OLD, NEW)),
        (ring(), ring(OLD)),
        (ring(OLD), {}),
    ],
)
def test_keys_fit_where_each_knows_the_others_newest(mine: Keyrings, theirs: Keyrings) -> None:
    assert unfit(mine, theirs) is None
    assert unfit(theirs, mine) is None


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (ring(OLD), ring(NEW)),
        (ring(NEW, OLD), ring(OLD)),
        (ring(OLD), ring(("old", b"another" + b"o" * 25))),
        (ring(OLD), ring(("renamed", OLD[1]))),
    ],
)
def test_keys_that_one_side_would_not_know_again_do_not_fit(
    mine: Keyrings, theirs: Keyrings
) -> None:
    assert unfit(mine, theirs) == "KEYS"
    assert unfit(theirs, mine) == "KEYS"


def test_what_is_told_of_a_key_does_not_hold_it() -> None:
    (told,) = digests([OLD])
    assert "o" * 8 not in told
    assert b"o".hex() * 8 not in told


def test_a_lease_is_one_holders_until_it_ends_or_is_given_back(store: Store) -> None:
    def take(holder: str, now: float) -> bool:
        return store.write(
            lambda c: LEASES.take(c, "notice", holder=holder, now=now, seconds=10.0)
        ).result()

    assert take("a", 100.0)
    assert not take("b", 109.9)
    assert take("a", 109.9)  # renewed
    assert not take("b", 110.0)
    assert take("b", 119.9)
    store.write(lambda c: LEASES.release(c, "notice", holder="a")).result()
    assert not take("a", 120.0)
    store.write(lambda c: LEASES.release(c, "notice", holder="b")).result()
    assert take("a", 120.0)


def test_only_leases_that_are_held_are_listed(store: Store) -> None:
    def look(now: float) -> list[Lease]:
        return store.read(lambda c: LEASES.held(c, "server:", now=now)).result()

    def take(name: str, seconds: float) -> bool:
        return store.write(
            lambda c: LEASES.take(c, name, holder="h", now=0.0, seconds=seconds)
        ).result()

    assert take("server:a", 10.0)
    assert take("server:b", 20.0)
    assert take("other", 30.0)
    assert [lease.name for lease in look(15.0)] == ["server:b"]
    store.write(lambda c: LEASES.forget_ended(c, now=15.0)).result()
    assert [lease.name for lease in look(0.0)] == ["server:b"]


def test_a_server_that_was_killed_is_forgotten_by_the_next_on_its_folder(store: Store) -> None:
    first = Peers(store, LEASES, "first", ring(OLD))
    second = Peers(store, LEASES, "second", ring(NEW))
    store.write(first.join).result()
    store.write(second.join).result()
    held = store.read(lambda c: LEASES.held(c, "server:", now=1000.0)).result()
    assert [lease.holder for lease in held] == ["second"]


async def test_a_server_stays_known_for_as_long_as_it_runs(store: Store, clock: Clock) -> None:
    peers = Peers(store, LEASES, "one", ring(OLD))
    await store.write(peers.join)

    class Enough(Exception):
        pass

    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 10:
            raise Enough
        clock.now += seconds

    with pytest.raises(Enough):
        await peers.keep(sleep=sleep)
    assert sum(pauses[:10]) > ALIVE_SECONDS
    held = await store.read(lambda c: LEASES.held(c, "server:", now=clock.now))
    assert [lease.holder for lease in held] == ["one"]
    await peers.leave()
    assert await store.read(lambda c: LEASES.held(c, "server:", now=clock.now)) == []
