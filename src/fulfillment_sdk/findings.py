"""What there is to say about a case before it is sent: problems, and likely slips."""

from __future__ import annotations

import time
from collections.abc import Mapping

from attrs import frozen

from fulfillment_sdk import casefile
from fulfillment_sdk.advice import Advice, advise
from fulfillment_sdk.casefile import Problem
from fulfillment_sdk.models import CaseDefaults, NewCase
from fulfillment_sdk.wire import to_json


@frozen
class Findings:
    """``problems`` are what a server refuses, all of them and in its words; ``warnings`` slips.

    A case with warnings alone is good: they are for a person to look at. Neither holds a value.
    """

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Advice, ...] = ()

    @property
    def good(self) -> bool:
        """Whether a server takes the case."""
        return not self.problems


def validate(
    case: NewCase, *, now: float | None = None, defaults: CaseDefaults | None = None
) -> Findings:
    """Look a case over as ``client.cases.create`` does, without sending anything.

    ``defaults`` are filled in first; ``now`` is in epoch seconds, the present if it is not given.
    Returns the problems in the order in which the contract checks for them, each with the field's
    path in ``field`` and the server's words in ``message``, and the warnings. Raises TypeError for
    what is no `NewCase`, and nothing else. Contract, section 2.
    """
    filled = a_case(case) if defaults is None else defaults.fill(a_case(case))
    moment = time.time() if now is None else now
    return examine(to_json(filled), now=moment, defaults=defaults)


def a_case(case: NewCase) -> NewCase:
    """The same; TypeError for anything else, say the JSON that a case could be made of."""
    if not isinstance(case, NewCase):
        raise TypeError(
            f"this takes a NewCase, not {type(case).__name__}: load_case() makes one of JSON"
        )
    return case


def examine(
    document: Mapping[str, object], *, now: float, defaults: CaseDefaults | None = None
) -> Findings:
    """Look over a request body as parsed JSON; ``now`` is in epoch seconds."""
    texts = None if defaults is None else defaults.texts()
    return Findings(
        problems=tuple(casefile.problems(document, now=now)),
        warnings=advise(document, now=now, defaults=texts),
    )
