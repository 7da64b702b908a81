"""Each of the three is away for a while: all arrives afterwards, once and in order."""

from __future__ import annotations

import pytest

from fulfillment_sdk import Client, Unavailable
from fulfillment_sdk.cli.demo.case import physical_abuse
from fulfillment_sdk.client.exchange.retry import Retries
from tests.journeys._server import ServerProcess
from tests.journeys._staff import Staff

from ._house import House

MOVES = ("allocated", "in_progress")


@pytest.mark.parametrize("away", ["gateway", "receiver"])
def test_what_happened_while_one_was_away_arrives_once_and_in_order(
    apart: House, away: str
) -> None:
    staff = Staff(apart.processes["portal"])
    created = [apart.story.client.cases.create(physical_abuse()).id for _ in range(2)]
    apart.journal.take_until({(case_id, 1) for case_id in created})
    apart.processes[away].stop()
    for case_id in created:
        for to in MOVES:
            staff.move(case_id, to)
        staff.submit(case_id)
    apart.processes[away].start()
    staff.approve(created[0])
    apart.journal.take_until(
        {(created[0], number) for number in range(1, 7)}
        | {(created[1], number) for number in range(1, 5)}
    )
    _once_and_in_order(apart, {created[0]: 6, created[1]: 4})


def test_while_the_portal_is_away_no_case_is_made_and_afterwards_one(apart: House) -> None:
    gateway, portal = apart.processes["gateway"], apart.processes["portal"]
    with Client(base_url=gateway.address, token=apart.token, retries=Retries.off()) as client:
        apart.processes["receiver"].stop()  # so that the gateway holds something meanwhile
        held = client.cases.create(physical_abuse()).id
        _wait_until_handed_over(portal)
        portal.stop()
        apart.processes["receiver"].start()
        apart.journal.take_until({(held, 1)})
        with pytest.raises(Unavailable) as refused:
            client.cases.create(physical_abuse(), idempotency_key="while-it-is-away")
        assert refused.value.retry_after
        portal.start()
        created = client.cases.create(physical_abuse(), idempotency_key="while-it-is-away").id
    Staff(portal).move(created, "allocated")
    apart.journal.take_until({(created, 1), (created, 2)})
    _once_and_in_order(apart, {held: 1, created: 2})


def _once_and_in_order(apart: House, expected: dict[str, int]) -> None:
    apart.journal.rest()
    arrived = apart.journal.by_case()
    for case_id, count in expected.items():
        numbers = [entry.sequence for entry in arrived[case_id]]
        assert numbers == list(range(1, count + 1))


def _wait_until_handed_over(portal: ServerProcess) -> None:
    staff = Staff(portal)
    for _ in range(2000):
        if staff.pending() == 0:
            return
    raise AssertionError("the gateway never took it")
