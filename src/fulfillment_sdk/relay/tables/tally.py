"""Tallies: how long and how often a destination has failed without a success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
        registered: the destination as it was when the turn began.
        delivered: whether anything arrived.
        failed: tries that failed after the last one that did not.
        refused: a cause, if it wants nothing any more.
    """

    registered: Registered
    delivered: bool
    failed: int
    refused: str | None = None


def count(connection: sa.Connection, tallies: Sequence[Tally], *, now: float) -> dict[int, str]:
    """Note successes, and the failures after them, in the order of `tallies`.

    Where these are enough for a destination's policy it is disabled, as it is where it wants
    nothing any more. What failed before somebody changed it says nothing of what it is now: an old
    address that is gone must not disable the new one. One look-up, and a change only for
    destinations that fail, or did until now.

    Returns:
        the causes, by number, of those that were disabled.
    """
    numbers = {tally.registered.no: None for tally in tallies}
    enabled = sorted(_ENABLED.run(connection, [(no,) for no in numbers]))
    together = _by_destination(tallies, {no: version for no, version, _ in enabled})
    disabled: dict[int, str] = {}
    for no, version, failing_since in enabled:
        tally = together[no]
        if tally.refused is not None:
            if disable(connection, no, tally.refused, version=version):
                disabled[no] = tally.refused
            continue
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
    SELECT d.no, d.version, d.failing_since FROM given CROSS JOIN relay_destinations AS d
    WHERE d.no = given.no AND d.enabled
    """,
)


def _by_destination(tallies: Sequence[Tally], versions: Mapping[int, int]) -> dict[int, Tally]:
    together: dict[int, Tally] = {}
    for tally in tallies:
        no = tally.registered.no
        is_known = tally.registered.version == versions.get(no)
        failed, refused = (tally.failed, tally.refused) if is_known else (0, None)
        before = together.get(no)
        if before is None:
            together[no] = Tally(tally.registered, tally.delivered, failed, refused)
            continue
        together[no] = Tally(
            tally.registered if is_known else before.registered,
            before.delivered or tally.delivered,
            failed if tally.delivered else before.failed + failed,
            before.refused if refused is None else refused,
        )
    return together


def _fails(connection: sa.Connection, tally: Tally, now: float) -> str | None:
    its = tally.registered
    since_then = destinations.c.failing_since <= now  # not so by a clock that was ahead
    failures = connection.execute(
        sa.update(destinations)
        .where(
            destinations.c.no == its.no,
            destinations.c.version == its.version,
            destinations.c.enabled,
        )
        .values(
            failing_since=sa.case((since_then, destinations.c.failing_since), else_=now),
            failed_attempts=destinations.c.failed_attempts + tally.failed,
        )
        .returning(destinations.c.failing_since, destinations.c.failed_attempts)
    ).one_or_none()
    if failures is None:  # removed, disabled or changed by somebody else, at this moment
        return None
    since, attempts = failures
    if not given_up(its.destination.policy, failing_since=since, attempts=attempts, now=now):
        return None
    why = f"no success in {(now - since) / DAY:.1f} days and {attempts} attempts"
    disable(connection, its.no, why)
    return why
