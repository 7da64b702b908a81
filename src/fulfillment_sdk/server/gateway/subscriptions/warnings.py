"""What a partner may have misspelt: filters that nothing known will ever match, and fields.

They are taken all the same, since types and statuses may be added at any time, and unknown fields
are ignored: a subscription whose filter was misspelt gets everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Final

from fulfillment_sdk import lifecycle
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED
from fulfillment_sdk.server.gateway.subscriptions.trial_events import TRIAL

TYPES: Final = (STATUS_CHANGED, CASE_COMPLETED, TRIAL)

ON_CREATION: Final = ("url", "events", "statuses", "description", "secret")
ON_CHANGE: Final = ("url", "events", "statuses", "description", "enabled")

_MOST = 20  # a body may have thousands of fields


def warnings(*, events: Sequence[str], statuses: Sequence[str]) -> list[str]:
    """Return a sentence for each filter that is not known, with the nearest one that is.

    None of them repeats what was given.
    """
    return [
        *_about("events", "type", events, TYPES),
        *_about("statuses", "status", statuses, tuple(lifecycle.STATUSES)),
    ]


def misspelt(fields: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return a sentence for each field that is not known and near to one that is."""
    unknown = islice((one for one in fields if one not in known), _MOST)
    near = (get_close_matches(one.lower(), known, n=1) for one in unknown)
    return [f"unknown field, did you mean {one}?" for found in near for one in found]


def _about(field: str, noun: str, given: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    for index, one in enumerate(given):
        if one in known:
            continue
        near = get_close_matches(one, known, n=1)
        hint = f", did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
        yield f"{field}[{index}]: unknown {noun}{hint}"
