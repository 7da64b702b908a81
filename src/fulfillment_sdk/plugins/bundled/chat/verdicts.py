"""What becomes of a delivery that goes to several services."""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment_sdk.plugins.webhooks.answers import read_answer
from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry


def of_service(accepted: bool, statuses: Sequence[int]) -> Outcome:
    """Decide what one service's answers mean, as a webhook's endpoint's do.

    A URL of Apprise's may name several rooms: as long as one of them may take it later, it is tried
    again.

    Args:
        accepted: what Apprise says.
        statuses: the HTTP statuses that it logged; none where there was no answer, or where the
            service speaks something else.
    """
    if accepted:
        return Delivered()
    outcomes = [read_answer(status, {}, 0.0) for status in statuses]
    refusals = [one for one in outcomes if isinstance(one, Retry | Reject)]
    if not refusals or len(refusals) < len(outcomes):
        return Retry("the service can't be reached, or did not take it")
    return next((one for one in refusals if isinstance(one, Retry)), refusals[-1])


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
