"""Tallies: how long and how often a destination has failed without a success."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.policy import given_up
from fulfillment_sdk.relay.schema import destinations
from fulfillment_sdk.relay.tables.registry import NO_FAILURES, Registered, disable
from fulfillment_sdk.relay.tables.rows import Query

DAY = 86_400


@attrs.frozen
class Tally:
    """What a lane's turn says of its destination.

    Args:
        registered: the destination.
        delivered: whether anything arrived.
        failed: tries that failed after the last one that did not.
    """

    registered: Registered
    delivered: bool
    failed: int


def count(connection: sa.Connection, tallies: Sequence[Tally], *, now: float) -> dict[int, str]:
    """Note successes, and the failures after them, in the order of `tallies`.

    Where these are enough for a destination's policy it is disabled. One look-up, and a change only
    for destinations that fail, or did until now.

    Returns:
        the causes, by number, of those that were disabled.
    """
    together = _by_destination(tallies)
    disabled: dict[int, str] = {}
    for no, failing_since in sorted(_ENABLED.run(connection, [(no,) for no in together])):
        tally = together[no]
        if tally.delivered and failing_since is not None:
            connection.execute(
                sa.update(destinations).where(destinations.c.no == no).values(**NO_FAILURES)
            )
        if tally.failed and (why := _fails(connection, tally, now)) is not None:
            disabled[no] = why
    return disabled


_ENABLED = Query(
    {"no": "int8"},
    """
    SELECT d.no, d.failing_since FROM given CROSS JOIN relay_destinations AS d
    WHERE d.no = given.no AND d.enabled
    """,
)


def _by_destination(tallies: Sequence[Tally]) -> dict[int, Tally]:
    together: dict[int, Tally] = {}
    for tally in tallies:
        before = together.get(tally.registered.no)
        if before is not None and not tally.delivered:
            tally = attrs.evolve(before, failed=before.failed + tally.failed)
        together[tally.registered.no] = tally
    return together


def _fails(connection: sa.Connection, tally: Tally, now: float) -> str | None:
    no, policy = tally.registered.no, tally.registered.destination.policy
    failures = connection.execute(
        sa.update(destinations)
        .where(destinations.c.no == no, destinations.c.enabled)
        .values(
            failing_since=sa.func.coalesce(destinations.c.failing_since, now),
            failed_attempts=destinations.c.failed_attempts + tally.failed,
        )
        .returning(destinations.c.failing_since, destinations.c.failed_attempts)
    ).one_or_none()
    if failures is None:  # removed, or disabled by somebody else, at this moment
        return None
    since, attempts = failures
    if not given_up(policy, failing_since=since, attempts=attempts, now=now):
        return None
    why = f"no success in {(now - since) / DAY:.1f} days and {attempts} attempts"
    disable(connection, no, why)
    return why
