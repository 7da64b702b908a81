"""What the portal answers when it is handed a case (contract, sections 2 and 4)."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.strictjson import parse_object


@frozen
class IntakeAnswer:
    """What the portal said of a case.

    - ``"created"``: ``body`` is its 201, to be passed on byte for byte; ``case_id`` and
      ``reference_number`` were read from it.
    - ``"refused"``: ``body`` is its 400, to be passed on byte for byte.
    - ``"unusable"``: anything else. The outcome may be unknown.
    """

    kind: Literal["created", "refused", "unusable"]
    body: bytes = field(default=b"", repr=False)
    case_id: str = ""
    reference_number: str = ""


UNUSABLE = IntakeAnswer("unusable")


def read_intake_answer(status: int, body: bytes) -> IntakeAnswer:
    """Decide what an answer of the portal's intake means; never raises."""
    if status not in (201, 400):
        return UNUSABLE
    try:
        answer = parse_object(body)
    except PayloadError:
        return UNUSABLE
    if status == 400:
        return IntakeAnswer("refused", body)
    case_id, number = answer.get("id"), answer.get("reference_number")
    if not (isinstance(case_id, str) and case_id and isinstance(number, str)):
        return UNUSABLE
    return IntakeAnswer("created", body, case_id, number)
