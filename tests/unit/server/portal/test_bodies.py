"""What staff send (contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from fulfillment_sdk.server.portal import bodies, completion, reviews
from fulfillment_sdk.server.portal.refusal import Refusal

Reader = Callable[[Mapping[str, object]], object]


def test_a_step_is_read_with_what_goes_along() -> None:
    asked = bodies.step(
        {"to": " allocated ", "actor": "ops", "reason": "", "comment": "x\ny", "other": 1}
    )
    assert (asked.to, asked.actor, asked.reason) == ("allocated", "ops", None)
    assert (asked.comment, asked.worker_id) == ("x\ny", None)


def test_a_form_has_a_version_and_is_final_by_default() -> None:
    form = bodies.form({"form_name": "Visit", "data": {}})
    assert (form.form_version, form.final, form.outcome) == ("1", True, None)


@pytest.mark.parametrize("outcome", ["positive", "negative", "inconclusive"])
def test_the_three_outcomes_are_taken(outcome: str) -> None:
    assert bodies.form({"form_name": "V", "data": {}, "outcome": outcome}).outcome == outcome


@pytest.mark.parametrize("code", reviews.REASON_CODES)
def test_a_rejection_says_why(code: str) -> None:
    verdict = bodies.verdict({"result": "reject", "reason_code": code})
    assert (verdict.result, verdict.reason_code) == ("reject", code)


def test_a_rework_says_what_to_do() -> None:
    verdict = bodies.verdict({"result": "rework", "instructions": "Again", "comments": " "})
    assert (verdict.instructions, verdict.comments) == ("Again", None)


@pytest.mark.parametrize(
    ("read", "body", "message"),
    [
        (bodies.step, {}, "Missing required field: to"),
        (bodies.step, {"to": 7}, "Invalid value for field: to"),
        (bodies.step, {"to": "new", "worker_id": "a\nb"}, "Invalid value for field: worker_id"),
        (bodies.step, {"to": "n" * 201}, "Invalid value for field: to"),
        (bodies.form, {"data": {}}, "Missing required field: form_name"),
        (bodies.form, {"form_name": "V"}, "Missing required field: data"),
        (bodies.form, {"form_name": "V", "data": "x"}, "Invalid value for field: data"),
        (
            bodies.form,
            {"form_name": "V", "data": {}, "final": 1},
            "Invalid value for field: final",
        ),
        (bodies.verdict, {"result": None}, "Missing required field: result"),
        (bodies.verdict, {"result": "perfect"}, "Invalid value for field: result"),
        (bodies.worker, {"email": "a@b"}, "Missing required field: name"),
        (bodies.worker, {"name": "A", "phone": 711}, "Invalid value for field: phone"),
        (bodies.member, {"name": "A"}, "Missing required field: role"),
        (bodies.member, {"name": "A", "role": "timer"}, "Invalid value for field: role"),
    ],
)
def test_what_does_not_fit_is_named_and_not_repeated(
    read: Reader, body: dict[str, object], message: str
) -> None:
    with pytest.raises(Refusal) as caught:
        read(body)
    assert (caught.value.status, caught.value.message) == (400, message)


def test_the_longest_review_fits_what_a_submission_leaves_free() -> None:
    words = "\x01" * bodies.WORDS_LENGTH
    verdict = bodies.verdict({"result": "rework", "comments": words, "instructions": words})
    costs = completion.estimate(request=0, forms=[], words=[verdict.size], changes=1)
    costs -= completion.estimate(request=0, forms=[], words=[], changes=0)
    assert costs <= completion.RESERVE


def test_what_people_wrote_shows_in_no_repr() -> None:
    shown = repr(
        [
            bodies.step({"to": "new", "comment": "secret"}),
            bodies.form({"form_name": "V", "data": {"a": "secret"}}),
            bodies.verdict({"result": "pass", "comments": "secret", "instructions": "secret"}),
            bodies.worker({"name": "secret", "email": "secret", "phone": "secret"}),
            bodies.member({"name": "secret", "role": "qc"}),
        ]
    )
    assert "secret" not in shown
