"""What an answer holds, and what every error about one carries: pure."""

from __future__ import annotations

import json
from typing import Final, TypedDict

from fulfillment_sdk.client.calls.call import Answer
from fulfillment_sdk.errors import SentRequest, ServerResponse, UnexpectedAnswer

_KEPT_TEXT: Final = 2000


class Circumstances(TypedDict):
    """What every error about an answer carries, by keyword."""

    status: int
    body: object
    request: SentRequest
    response: ServerResponse
    remedy: str


def succeeded(answer: Answer) -> bool:
    """Whether the status is a 2xx."""
    return 200 <= answer.status < 300


def json_object(answer: Answer) -> dict[str, object]:
    """The JSON object of a good answer.

    Raises UnexpectedAnswer if it is none, or calls itself an error.
    """
    body = parsed(answer)
    if not isinstance(body, dict):
        raise unexpected(answer, f"The server answered {answer.status} without a JSON object")
    if str(body.get("status")).lower() == "error":
        raise unexpected(answer, f"The server answered {answer.status} and calls it an error")
    return body


def nothing(answer: Answer) -> None:
    """Read a good answer that need not say anything.

    Raises UnexpectedAnswer for what is neither empty nor a JSON object: the page of a proxy, say.
    """
    if answer.body:
        json_object(answer)


def text(value: object) -> str | None:
    """A scalar that servers write as a string or an integer; None for all else and for blanks."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def circumstances(answer: Answer, body: object, remedy: str = "") -> Circumstances:
    """What an error carries of the exchange; `body` is the parsed one."""
    return {
        "status": answer.status,
        "body": body,
        # The exchange knows the headers that were sent, and completes it.
        "request": SentRequest(answer.method, answer.url),
        "response": ServerResponse(answer.status, answer.headers),
        "remedy": remedy,
    }


def unexpected(answer: Answer, message: str, *, remedy: str = "") -> UnexpectedAnswer:
    """The error for a good status that can't be understood."""
    return UnexpectedAnswer(message, **circumstances(answer, parsed(answer), remedy))


def parsed(answer: Answer) -> object:
    """The parsed body, as text (its beginning) where it is no JSON, None where it is empty."""
    if not answer.body.strip():
        return None
    body = parsed_json(answer.body)
    return answer.body.decode("utf-8", "replace")[:_KEPT_TEXT] if body is None else body


def parsed_json(body: bytes) -> object:
    """What JSON says, None for what is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
