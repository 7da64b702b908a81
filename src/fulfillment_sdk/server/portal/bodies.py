"""What staff send, read field by field.

Whatever does not fit is a ``Refusal`` 400 that names the field and never echoes a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import attrs

from fulfillment_sdk import strictjson
from fulfillment_sdk.server.portal import reviews, staff, submissions
from fulfillment_sdk.server.portal.refusal import Refusal
from fulfillment_sdk.strictjson import FloatText

NAME_LENGTH = 200
WORDS_LENGTH = 10_000
"""The longest comment or instruction, in characters: reviews must fit ``completion.RESERVE``."""

# What PostgreSQL refuses in a text, and nobody can read in a list.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")

Body = Mapping[str, object]


@attrs.frozen(kw_only=True)
class StepAsked:
    """``transitions/ {"to", "actor"?, "reason"?, "comment"?, "worker_id"?}``."""

    to: str
    actor: str | None
    reason: str | None
    comment: str | None = attrs.field(repr=False)
    worker_id: str | None


@attrs.frozen(kw_only=True)
class Form:
    """``submissions/ {"form_name", "form_version"?, "data", "final", "outcome"?}``."""

    form_name: str
    form_version: str
    data: dict[str, object] = attrs.field(repr=False)
    final: bool
    outcome: str | None

    @property
    def size(self) -> int:
        """The form's size as the completion will have it, in bytes."""
        name, version = self.form_name, self.form_version
        return len(
            strictjson.dumps({"form_name": name, "form_version": version, "data": self.data})
        )


@attrs.frozen(kw_only=True)
class Verdict:
    """``qc-reviews/ {"result", "comments"?, "reason_code"?, "instructions"?}``."""

    result: str
    comments: str | None = attrs.field(repr=False)
    reason_code: str | None
    instructions: str | None = attrs.field(repr=False)

    @property
    def size(self) -> int:
        """The size of the reviewer's words, in bytes of JSON."""
        return len(strictjson.dumps({"comments": self.comments, "instructions": self.instructions}))


@attrs.frozen(kw_only=True)
class NewWorker:
    """``workers/ {"name", "email"?, "phone"?, "location"?}``."""

    name: str = attrs.field(repr=False)
    email: str | None = attrs.field(repr=False)
    phone: str | None = attrs.field(repr=False)
    location: str | None = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class NewMember:
    """``staff/ {"name", "role"}``."""

    name: str = attrs.field(repr=False)
    role: str


def step(body: Body) -> StepAsked:
    """Read what ``transitions/`` is asked for."""
    return StepAsked(
        to=_required(body, "to"),
        actor=_optional(body, "actor"),
        reason=_optional(body, "reason"),
        comment=_words(body, "comment"),
        worker_id=_optional(body, "worker_id"),
    )


def form(body: Body) -> Form:
    """Read a form submission; it is final unless it says otherwise."""
    data = body.get("data")
    if data is None:
        raise _missing("data")
    if not isinstance(data, dict):
        raise _invalid("data")
    final = body.get("final", True)
    if not isinstance(final, bool):
        raise _invalid("final")
    return Form(
        form_name=_required(body, "form_name"),
        form_version=_optional(body, "form_version") or "1",
        data=data,
        final=final,
        outcome=_one_of(body, "outcome", submissions.OUTCOMES),
    )


def verdict(body: Body) -> Verdict:
    """Read a review: a rejection needs a reason code, a rework instructions."""
    _required(body, "result")
    result = _one_of(body, "result", (reviews.PASS, reviews.REJECT, reviews.REWORK)) or ""
    read = Verdict(
        result=result,
        comments=_words(body, "comments"),
        reason_code=_one_of(body, "reason_code", reviews.REASON_CODES),
        instructions=_words(body, "instructions"),
    )
    if result == reviews.REJECT and read.reason_code is None:
        raise _missing("reason_code")
    if result == reviews.REWORK and read.instructions is None:
        raise _missing("instructions")
    return read


def worker(body: Body) -> NewWorker:
    """Read a worker to enter."""
    return NewWorker(
        name=_required(body, "name"),
        email=_optional(body, "email"),
        phone=_optional(body, "phone"),
        location=_optional(body, "location"),
    )


def member(body: Body) -> NewMember:
    """Read a staff member to enter."""
    name, _ = _required(body, "name"), _required(body, "role")
    return NewMember(name=name, role=_one_of(body, "role", staff.ROLES) or "")


def _missing(field: str) -> Refusal:
    return Refusal(400, f"Missing required field: {field}")


def _invalid(field: str) -> Refusal:
    return Refusal(400, f"Invalid value for field: {field}")


def _words(body: Body, field: str) -> str | None:
    """Return free text; blank counts as not given."""
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or isinstance(value, FloatText) or len(value) > WORDS_LENGTH:
        raise _invalid(field)
    return value if value.strip() else None


def _optional(body: Body, field: str) -> str | None:
    """Return a name or code: one short line; blank counts as not given."""
    value = _words(body, field)
    if value is None:
        return None
    value = value.strip()
    if len(value) > NAME_LENGTH or _UNPRINTABLE.search(value):
        raise _invalid(field)
    return value


def _required(body: Body, field: str) -> str:
    value = _optional(body, field)
    if value is None:
        raise _missing(field)
    return value


def _one_of(body: Body, field: str, choices: Sequence[str]) -> str | None:
    value = _optional(body, field)
    if value is not None and value not in choices:
        raise _invalid(field)
    return value
