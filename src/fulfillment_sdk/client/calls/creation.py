"""Creating a case: filled in, checked, written, sent, read (contract, sections 2 and 6).

All of it but the sending is pure, so any shell can do the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import attrs

from fulfillment_sdk import strictjson
from fulfillment_sdk.client.calls import dialect
from fulfillment_sdk.client.calls.advising import OnWarning, log_warning, log_warnings
from fulfillment_sdk.client.calls.answers import circumstances, json_object, text, unexpected
from fulfillment_sdk.client.calls.call import (
    WEBFORM,
    Answer,
    Call,
    Dialect,
    Keys,
    KnownWords,
    Repeat,
)
from fulfillment_sdk.client.calls.origin import originate
from fulfillment_sdk.errors import BadRequest, CaseNotForwarded, ConfigurationError, InvalidCase
from fulfillment_sdk.findings import a_case, examine
from fulfillment_sdk.models import CaseDefaults, CreatedCase, NewCase
from fulfillment_sdk.wire import to_json

KNOWN: Final = (
    KnownWords(
        400,
        "].attachment_id",
        BadRequest,
        "Upload the file again, and refer to that: an attachment is for one case, and is removed "
        "after a day if there is none.",
    ),
)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


@attrs.frozen
class Creation:
    """What a client adds to each case, and how it looks it over, before it is sent."""

    new_id: Callable[[], str]
    clock: Callable[[], float]
    defaults: CaseDefaults | None = None
    on_warning: OnWarning = log_warning

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.defaults, CaseDefaults | None):
            raise ConfigurationError(
                "case_defaults is no CaseDefaults",
                remedy="Give case_defaults=CaseDefaults(src=…), say.",
            )
        if not callable(self.on_warning):
            raise ConfigurationError(
                "on_warning can't be called", remedy="Give a function that takes an Advice."
            )

    def call(
        self, case: NewCase, *, idempotency_key: str | None = None, validate: bool = True
    ) -> Call[CreatedCase]:
        """The call that creates `case`: with its defaults and its origin, and checked.

        Raises InvalidCase with all problems, PayloadError for what JSON can't hold,
        ConfigurationError for a key that no header can carry, and TypeError for what is no case.
        """
        case = a_case(case)
        if idempotency_key is not None:
            _check_key(idempotency_key)
        now = self.clock()
        if self.defaults is not None:
            case = self.defaults.fill(case)
        sent = originate(case, idempotency_key=idempotency_key, now=now, new_id=self.new_id)
        document = to_json(sent.case)
        if validate:
            self._check(document, now)
        return create(document, sent.idempotency_key)

    def _check(self, document: Mapping[str, object], now: float) -> None:
        findings = examine(document, now=now, defaults=self.defaults)
        if findings.problems:
            raise InvalidCase(findings.problems)
        if findings.warnings and self.on_warning is log_warning:
            log_warnings(findings.warnings)
            return
        for warning in findings.warnings:
            self.on_warning(warning)


def create(document: Mapping[str, object], idempotency_key: str) -> Call[CreatedCase]:
    """The call that creates a case: as documented or, if refused, as the deployed gateway reads."""
    _check_key(idempotency_key)
    return Call(
        "POST",
        WEBFORM,
        partial(read_created, sent=document),
        feature="case creation",
        body=strictjson.dumps(document),
        headers={"Idempotency-Key": idempotency_key},
        repeat=Repeat.KEYED,
        known=KNOWN,
        keys=Keys(idempotency_key, text(document.get("src_uid"))),
        dialect=Dialect(
            dialect.NAME,
            wanted=partial(dialect.wanted, case=document),
            faults=partial(dialect.faults, case=document),
            write=lambda: strictjson.dumps(dialect.write(document)),
        ),
    )


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ConfigurationError(
            "An idempotency key is a text of 1 to 255 visible ASCII characters",
            remedy="Give another idempotency_key, or none: the client then makes one.",
        )


def read_created(answer: Answer, *, sent: object = None) -> CreatedCase:
    """Read the documented success body, or the deployed gateway's (contract, section 6).

    Nothing of the case, `sent`, shows in the error for one that was not forwarded.
    """
    body = json_object(answer)
    if (case_id := text(body.get("id"))) is not None:
        return _created(body, case_id, "id", status=text(body.get("status")))
    helpline = body.get("helpline_response")
    case_id = text(helpline.get("case_id")) if isinstance(helpline, Mapping) else None
    if case_id is not None:
        return _created(body, case_id, "helpline_response.case_id")
    complaint = text(body.get("complaint_id"))
    if text(body.get("case_reference")) is None and "response_from_helpline" in body:
        from fulfillment_sdk.client.exchange.masking import sentence, texts

        called = (
            f"complaint {sentence(complaint, tuple(texts(sent)))}" if complaint else "the complaint"
        )
        raise CaseNotForwarded(
            f"The gateway stored {called}, but no case was created behind it",
            complaint_id=complaint or "",
            **circumstances(answer, body),
        )
    if complaint is None:
        raise unexpected(answer, f"The server answered {answer.status} without the id of a case")
    return _created(body, complaint, "complaint_id")


def _created(
    body: Mapping[str, object], case_id: str, source: str, *, status: str | None = None
) -> CreatedCase:
    # `status` of the deployed body is an envelope ("success"), no state: it stays in `raw`.
    number = text(body.get("reference_number")) or text(body.get("case_reference"))
    return CreatedCase(
        id=case_id,
        reference_number=number or "",
        status=status,
        created_at=text(body.get("created_at")),
        assigned_to=text(body.get("assigned_to")),
        id_source=source,
        raw=body,
    )
