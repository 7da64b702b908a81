"""From a refusal to its error: decided by status code, then by known words.

Contract, sections 1, 2 and 6. What a server says is shown only as far as `masking` lets it
through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from fulfillment_sdk.client.calls.answers import circumstances, parsed, parsed_json, text
from fulfillment_sdk.client.calls.call import WEBFORM, Answer, Call, KnownWords
from fulfillment_sdk.client.exchange.dates import http_date
from fulfillment_sdk.client.exchange.masking import (
    field_paths,
    guarded,
    named_fields,
    sentence,
    texts,
)
from fulfillment_sdk.errors import (
    APIError,
    BadRequest,
    Conflict,
    Forbidden,
    InvalidField,
    MissingField,
    NotApproved,
    NotFound,
    NotOffered,
    OrganizationInactive,
    ServerError,
    TokenExpired,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    UnsupportedMediaType,
)

BY_STATUS: Final[Mapping[int, type[APIError]]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    413: TooLarge,
    415: UnsupportedMediaType,
    422: BadRequest,
    429: TooManyRequests,
    503: Unavailable,
}

KNOWN: Final = (
    KnownWords(
        409,
        "idempotency key",
        Conflict,
        "Send another case under another idempotency_key and another src_uid, and the same case "
        "unchanged.",
    ),
    # The one sentence that servers have for every bad token.
    KnownWords(401, "invalid or expired", Unauthorized),
    KnownWords(401, "expired", TokenExpired),
    KnownWords(403, "approv", NotApproved),
    KnownWords(403, "access has been revoked", OrganizationInactive),
    KnownWords(403, "deactivated", OrganizationInactive),
)
WITH_TOKEN: Final = (
    # Who has a token was approved once (contract, section 2).
    KnownWords(403, "organization not authorized to access", OrganizationInactive),
)

REDIRECTED: Final = "Check the base URL: is it https, and the host and the path the gateway's own?"
ASTRAY: Final = "The base URL has a path: give it without one, unless the gateway is mounted there."

_FIELD_SENTENCE = re.compile(
    r"(missing required field|invalid value for field|invalid timestamp): *([\w.\[\]-]{1,128})",
    re.IGNORECASE,
)
_MISSING_WORDS = re.compile(r"required|blank|\bnull\b(?! character)", re.IGNORECASE)
_SECONDS = re.compile(r"\s*\d{1,15}(\.\d{1,6})?\s*")
_SAYING: Final = ("message", "error", "detail")
_PLAIN: Final = "plain words"  # of an answer that is no JSON object: to decide by, not to show


def refusal(call: Call[object], answer: Answer, *, now: float) -> APIError:
    """The error for an answer that is no 2xx.

    `now` (epoch seconds) is what a date in `Retry-After` counts from, unless the server says when
    it answered.
    """
    body = parsed(answer)
    fields: Mapping[str, object] = body if isinstance(body, dict) else _plain(body)
    if call.dialect and (faults := call.dialect.faults(fields.get("errors"))):
        # A caller can mend these; what is only written differently is no mistake.
        fields = {**fields, "errors": faults}
    if _unknown_address(call, answer, body):
        return NotOffered(
            f"This server does not offer: {call.feature}",
            feature=call.feature,
            **circumstances(answer, body, _not_offered_remedy(call, answer)),
        )
    sent = (*(texts(parsed_json(call.body)) if call.body else ()), *call.masked)
    message = _message(answer, fields, sent)
    if field := _named_field(answer.status, fields):
        error, name = field
        # The errors' own remedies speak of a case.
        usual = "" if call.path == WEBFORM else "Correct the field, then repeat the call."
        advice = _known_remedy(call, answer.status, fields) or usual
        return error(message, field=name, **circumstances(answer, body, advice))
    kind, remedy = _kind(call, answer.status, fields)
    if kind is NotFound and _astray(call, answer):
        remedy = f"{ASTRAY} {remedy or kind.default_remedy}"
    return kind(
        message,
        detail=guarded(detail, sent) if (detail := text(fields.get("detail"))) else None,
        retry_after=retry_after(answer.headers, now),
        **circumstances(answer, body, remedy),
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that a `Retry-After` asks for (a number or a date); None if it can't be read.

    A date counts from the answer's own, which is by the same clock; from `now` where that is none,
    or a later one.
    """
    header = headers.get("retry-after", "")
    if _SECONDS.fullmatch(header):
        return float(header)
    if (until := http_date(header)) is None:
        return None
    answered = http_date(headers.get("date"))
    return max(0.0, until - (now if answered is None or answered > until else answered))


def _known(call: Call[object], status: int, fields: Mapping[str, object]) -> KnownWords | None:
    said = "\n".join(filter(None, (text(fields.get(key)) for key in (*_SAYING, _PLAIN))))
    more = WITH_TOKEN if call.bearer else ()
    of_this = (known for known in (*call.known, *KNOWN, *more) if known.status == status)
    return next((known for known in of_this if known.words in said.lower()), None)


def _known_remedy(call: Call[object], status: int, fields: Mapping[str, object]) -> str:
    known = _known(call, status, fields)
    return "" if known is None else known.remedy


def _kind(
    call: Call[object], status: int, fields: Mapping[str, object]
) -> tuple[type[APIError], str]:
    if (known := _known(call, status, fields)) is not None:
        return known.error, known.remedy
    if status in BY_STATUS:
        return BY_STATUS[status], ""
    if 300 <= status < 400:
        return UnexpectedAnswer, REDIRECTED
    if 400 <= status < 500:
        return APIError, ""
    return (ServerError if 500 <= status < 600 else UnexpectedAnswer), ""


def _named_field(
    status: int, fields: Mapping[str, object]
) -> tuple[type[MissingField] | type[InvalidField], str] | None:
    if status not in {400, 422}:
        return None
    for key in ("error", "message"):
        if found := _FIELD_SENTENCE.search(text(fields.get(key)) or ""):
            missing = found[1].lower().startswith("missing")
            return (MissingField if missing else InvalidField), found[2]
    for path, words in field_paths(fields.get("errors")):
        return (MissingField if _MISSING_WORDS.search(words) else InvalidField), path
    return None


def _message(answer: Answer, fields: Mapping[str, object], sent: tuple[str, ...]) -> str:
    if 300 <= answer.status < 400:
        return f"The server answered {answer.status}: redirects are never followed"
    said = ""
    if words := text(fields.get("message")):
        said = sentence(words, sent)
    elif words := text(fields.get("error")) or text(fields.get("detail")):
        said = guarded(words, sent)
    named = sentence(", ".join(named_fields(fields.get("errors"))), sent)
    parts = [part for part in (said, named) if part]
    return ": ".join(parts) or f"The server answered {answer.status} without a reason to show"


def _unknown_address(call: Call[object], answer: Answer, body: object) -> bool:
    """Whether this is how a server answers that has never heard of the address.

    A 404 without JSON comes from a router, and one for a fixed address can mean nothing else; the
    deployed gateway asks for a token before it looks at the path, and announces no features. A
    server that has the address for other calls says 405.
    """
    if answer.status == 404:
        may_lack = call.item or any(known.status == 404 for known in call.known)
        return not (may_lack and isinstance(body, dict))
    if answer.status == 405:
        return call.beyond
    return answer.status == 401 and call.beyond and "fulfillment-features" not in answer.headers


def _not_offered_remedy(call: Call[object], answer: Answer) -> str:
    if answer.status == 401:
        return "Do without it on this server; if it should have it, obtain a new token."
    usual = NotOffered.default_remedy if call.beyond else UnexpectedAnswer.default_remedy
    return f"{ASTRAY} {usual}" if _astray(call, answer) else usual


def _astray(call: Call[object], answer: Answer) -> bool:
    """Whether a 404 may come of the base URL's own path: a gateway may be mounted below one.

    One that announces its features is where it was looked for.
    """
    base = answer.url.removesuffix(call.path)
    return (
        answer.status == 404
        and "fulfillment-features" not in answer.headers
        and base != answer.url
        and urlsplit(base).path.strip("/") != ""
    )


def _plain(body: object) -> Mapping[str, object]:
    """Words that stand alone, as if under a key; of a page (HTML) only the status counts."""
    return {_PLAIN: body} if isinstance(body, str) and "<" not in body else {}
