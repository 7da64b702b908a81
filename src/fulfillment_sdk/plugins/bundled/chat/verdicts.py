"""What becomes of a delivery that goes to several services."""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment_sdk.plugins.webhooks.answers import read_answer
from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry


def of_service(accepted: bool, statuses: Sequence[int]) -> Outcome:
    """Decide what one service's answer means, as a webhook's endpoint's does.

    Args:
        accepted: what Apprise says.
        statuses: the HTTP statuses that it logged; none where there was no answer, or where the
            service speaks something else.
    """
    if accepted:
        return Delivered()
    if not statuses or 200 <= statuses[-1] < 300:
        return Retry("the service can't be reached, or did not take it")
    return read_answer(statuses[-1], {}, 0.0)


def of_all(outcomes: Sequence[Outcome], *, served: int) -> Outcome:
    """Decide what becomes of a delivery from the outcomes of this try.

    Who may take it later is tried again; who never will stops nothing as long as one has it.

    Args:
        outcomes: one for each service that was asked.
        served: how many have it, now or from an earlier try.
    """
    later = [one for one in outcomes if isinstance(one, Retry)]
    never = [one for one in outcomes if isinstance(one, Reject)]
    if later:
        return later[0]
    if not never:
        return Delivered(_count(served))
    if served:
        return Delivered(f"{_count(served)}; {len(never)} refused ({never[0].why})")
    return Reject(never[0].why, disable=all(one.disable for one in never))


def _count(services: int) -> str:
    return f"{services} service{'' if services == 1 else 's'}"
