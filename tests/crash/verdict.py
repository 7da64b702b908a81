"""What must hold whenever somebody was killed, and what must hold in the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from .rest import Key, Rest
from .witness import Told, Witness


def coherent(rest: Rest) -> None:
    """Lanes count what is pending in them, and are there for nothing else."""
    assert rest.counted == rest.there


def kept_in_full(
    witness: Witness, rest: Rest, destinations: Collection[str], *, again: bool = False
) -> None:
    """What was acknowledged is delivered or pending; nothing else was ever sent.

    `again` is whether what is delivered may be pending once more.
    """
    for told in witness.lines("acknowledged"):
        assert told.event_id in rest.events, f"{told.event_id} was acknowledged, and is lost"
        for name in destinations:
            key = (name, told.event_id)
            both, none = key in rest.pending and key in rest.settled, key not in rest.settled
            assert key in rest.pending or not none, f"{key} is neither pending nor settled"
            assert again or not both, f"{key} is both pending and settled"
    for told in witness.lines("arrived"):
        assert told.event_id in rest.events, f"{told.event_id} was sent without being stored"


def kept_until_arrived(witness: Witness, rest: Rest, destinations: Collection[str]) -> None:
    """What was acknowledged has arrived, or is pending: whatever may have been removed since."""
    arrived = {told.key for told in witness.lines("arrived")}
    for told in witness.lines("acknowledged"):
        for name in destinations:
            key = (name, told.event_id)
            assert key in rest.pending or key in arrived, f"{key} was acknowledged, and is lost"


def handed_in_before_it_arrived(witness: Witness) -> None:
    """Nothing arrives that nobody has handed in."""
    handed: set[str] = set()
    for told in witness.lines():
        if told.what == "handed":
            handed.add(told.event_id)
        elif told.what == "arrived":
            assert told.event_id in handed, f"{told.event_id} came from nowhere"


def stored_once(witness: Witness) -> None:
    """An event is new once; it is known only to who has handed it in before."""
    handed: Counter[str] = Counter()
    new: Counter[str] = Counter()
    for told in witness.lines():
        if told.what == "handed":
            handed[told.event_id] += 1
        elif told.what == "acknowledged":
            assert told.note in ("new", "duplicate")
            assert told.note == "new" or handed[told.event_id] > 1
            new[told.event_id] += told.note == "new"
    assert set(new.values()) <= {0, 1}


def all_done(witness: Witness, rest: Rest, destinations: Collection[str]) -> None:
    """Everything has arrived everywhere and is settled, once."""
    assert rest.settled == Counter(_all_arrived(witness, rest, destinations))


def all_done_again(witness: Witness, rest: Rest, destinations: Collection[str]) -> None:
    """Everything has arrived everywhere and is settled, and then once more."""
    wanted = _all_arrived(witness, rest, destinations)
    assert set(rest.settled) == wanted
    assert min(rest.settled.values()) >= 2


def all_gone(witness: Witness, rest: Rest, destinations: Collection[str]) -> None:
    """Everything has arrived everywhere, and nothing of it is left."""
    _all_arrived(witness, rest, destinations)
    assert rest.events == frozenset()
    assert rest.settled == Counter()


def _all_arrived(witness: Witness, rest: Rest, destinations: Collection[str]) -> set[Key]:
    handed = {told.event_id for told in witness.lines("handed")}
    wanted = {(name, event_id) for name in destinations for event_id in handed}
    assert {told.key for told in witness.lines("arrived")} == wanted
    assert rest.pending == frozenset()
    assert rest.counted == {}
    return wanted


def in_order(arrived: Iterable[Told], destination: str) -> None:
    """Of each case, events come the first time in the order of their sequence."""
    firsts: dict[str, list[int]] = defaultdict(list)
    for told in arrived:
        if told.destination == destination and told.sequence not in firsts[told.case]:
            firsts[told.case].append(told.sequence)
    for case, sequences in firsts.items():
        assert sequences == list(range(1, len(sequences) + 1)), f"{case} came as {sequences}"


def without_jumps(arrived: Iterable[Told], destination: str) -> None:
    """In one life the events of a case come one after the other, none twice and none left out."""
    lives: dict[tuple[int, str], list[int]] = defaultdict(list)
    for told in arrived:
        if told.destination == destination:
            lives[told.life, told.case].append(told.sequence)
    for (life, case), sequences in lives.items():
        expected = list(range(sequences[0], sequences[0] + len(sequences)))
        assert sequences == expected, f"in life {life} {case} came as {sequences}"


def from_the_start_once(arrived: Iterable[Told], destination: str) -> None:
    """In one life the events of a case go on, but for the one time at which they begin anew."""
    lives: dict[tuple[int, str], list[int]] = defaultdict(list)
    for told in arrived:
        if told.destination == destination:
            lives[told.life, told.case].append(told.sequence)
    for (life, case), sequences in lives.items():
        back = [two for one, two in pairwise(sequences) if two <= one]
        assert back in ([], [1]), f"in life {life} {case} came as {sequences}"


def repeated_only_where_unsettled(
    arrived: Sequence[Told], unsettled: Mapping[int, frozenset[Key]]
) -> None:
    """What comes again was pending when each life ended in which it had come.

    Args:
        arrived: in the order of arrival.
        unsettled: what was pending at the end of each life that was ended by force.
    """
    before: dict[Key, list[int]] = defaultdict(list)
    for told in arrived:
        for life in before[told.key]:
            assert life < told.life, f"{told.key} came twice in life {life}"
            assert told.key in unsettled[life], f"{told.key} came again, and was settled"
        before[told.key].append(told.life)


def repeated_only_by_force(arrived: Iterable[Told], forced: Collection[int]) -> None:
    """What came twice had come to a life that was ended or stopped, but for once.

    Args:
        arrived: in the order of arrival.
        forced: the lives that were killed or stopped, or lost a lease by themselves.
    """
    calm = Counter(told.key for told in arrived if told.life not in forced)
    twice = [key for key, count in calm.items() if count > 1]
    assert not twice, f"{twice} came again, though nothing had happened to whom they had come to"
