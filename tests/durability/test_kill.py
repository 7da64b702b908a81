"""Whatever is killed at whatever moment: nothing accepted is lost (contract, section 4).

`FULFILLMENT_TEST_KILLS` is how often each process is killed, `FULFILLMENT_TEST_SEED` decides when.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Iterable

import pytest

from fulfillment_sdk import Receiver

from ._house import House
from ._story import EVENTS

KILLS = int(os.environ.get("FULFILLMENT_TEST_KILLS", "1"))
SEED = os.environ.get("FULFILLMENT_TEST_SEED", "one of many")


@pytest.mark.timeout(60 + 60 * KILLS)
def test_a_server_killed_at_random_moments_loses_nothing_and_keeps_each_case_in_order(
    together: House,
) -> None:
    _killed_at_random_moments(together, ("all",))


@pytest.mark.timeout(60 + 120 * KILLS)
def test_gateway_portal_and_receiver_killed_at_random_moments_lose_nothing_and_keep_order(
    apart: House,
) -> None:
    _killed_at_random_moments(apart, ("gateway", "portal", "receiver"))


def _killed_at_random_moments(everything: House, victims: tuple[str, ...]) -> None:
    chance = random.Random(f"{SEED} {victims}")
    order = [name for name in victims for _ in range(KILLS)]
    chance.shuffle(order)
    with everything.story.going_on():
        for name in order:
            everything.story.wait_for(chance.randint(5, 40))
            everything.kill_and_restart(name)
        everything.story.wait_for(5)
    wanted = everything.story.history()
    everything.journal.take_until(
        {(case_id, number) for case_id in wanted for number in range(1, EVENTS + 1)}
    )
    everything.processes["receiver"].stop()
    everything.journal.rest()
    _nothing_is_lost(everything, wanted)
    _in_order_and_repeated_only_where_unsettled(everything, wanted)
    _all_settled(everything)
    everything.processes["receiver"].start()


def _nothing_is_lost(everything: House, wanted: dict[str, list[str]]) -> None:
    arrived = everything.journal.by_case()
    assert wanted.keys() <= arrived.keys()
    for case_id, transitions in wanted.items():
        found = {entry.sequence: entry.transition_id for entry in arrived[case_id]}
        # The completion comes last, and names the transition that led to it.
        assert [found[number] for number in sorted(found)] == [*transitions, transitions[-1]]
    assert everything.story.accepted <= {one for each in wanted.values() for one in each}


def _in_order_and_repeated_only_where_unsettled(everything: House, cases: Iterable[str]) -> None:
    arrived = everything.journal.by_case()
    for entries in map(arrived.__getitem__, cases):
        first = list(dict.fromkeys((entry.sequence, entry.event_id) for entry in entries))
        assert [number for number, _ in first] == list(range(1, EVENTS + 1))
        lives = [list(life) for _, life in itertools.groupby(entries, key=lambda one: one.pid)]
        assert len({life[0].pid for life in lives}) == len(lives)
        for life in lives:
            numbers = [entry.sequence for entry in life]
            assert numbers == list(range(numbers[0], numbers[-1] + 1))
        repeated = Counter(entry.event_id for entry in entries) - Counter(e for _, e in first)
        assert repeated.keys() <= everything.unsettled
    wire = everything.journal.on_the_wire
    sent_again = {event_id for event_id, times in wire.items() if times > 1}
    assert sent_again <= everything.unsettled_on_the_wire
    assert wire.keys() >= {entry.event_id for entry in everything.journal.entries}


def _all_settled(everything: House) -> None:
    folder = everything.processes["receiver"].folder
    receiver = Receiver(["whsec_" + "A" * 32], folder, load_entry_points=False)
    try:
        assert receiver.relay.undelivered().result() == []
        assert receiver.relay.dead_letters().result() == []
    finally:
        receiver.stop()
