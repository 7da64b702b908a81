"""Places for connections: so many in all, and so many for one address."""

from __future__ import annotations

from fulfillment_sdk.server.connections.patience import Patience
from fulfillment_sdk.server.connections.places import LINGERING, Places


def test_there_are_so_many_places_and_one_that_is_given_back_is_given_again() -> None:
    places = Places(Patience(connections=2))
    assert [places.take(f"203.0.113.{n}") for n in (1, 2, 3)] == ["given", "given", "full"]
    places.give_back("203.0.113.3")
    places.give_back("203.0.113.1")
    assert places.take("203.0.113.4") == "given"


def test_one_address_does_not_take_them_all() -> None:
    places = Places(Patience(connections=9, of_one=2))
    assert [places.take("203.0.113.1") for _ in range(3)] == ["given", "given", "full"]
    assert places.take("203.0.113.2") == "given"


def test_an_ipv6_network_is_one_address_and_so_is_a_mapped_one() -> None:
    places = Places(Patience(of_one=1))
    assert [places.take(f"2001:db8::{n}") for n in (1, 2)] == ["given", "full"]
    assert places.take("2001:db8:0:1::1") == "given"
    assert [places.take(host) for host in ("203.0.113.1", "::ffff:203.0.113.1")] == [
        "given",
        "full",
    ]


def test_behind_a_proxy_there_are_many() -> None:
    places = Places(Patience(connections=3, of_one=1, spared=("10.0.0.0/8",)))
    hosts = ("10.0.0.7", "::ffff:10.0.0.7", "10.0.0.7", "10.0.0.7")
    assert [places.take(host) for host in hosts] == ["given", "given", "given", "full"]


def test_not_everybody_is_told_that_there_is_no_place() -> None:
    places = Places(Patience(connections=0))
    told = [places.take(f"203.0.113.{n}") for n in range(LINGERING + 1)]
    assert told == ["full"] * LINGERING + ["none"]
    alone = Places(Patience(of_one=0))
    assert [alone.take("203.0.113.1") for _ in range(20)][-1] == "none"


def test_who_is_gone_is_forgotten() -> None:
    places = Places(Patience())
    for n in range(100):
        places.take(f"203.0.113.{n}")
    for n in range(100):
        places.give_back(f"203.0.113.{n}")
    assert len(places) == 0
    assert not places._of_one


def test_who_has_no_address_is_one_caller() -> None:
    places = Places(Patience(of_one=1))
    assert [places.take(""), places.take("")] == ["given", "full"]
