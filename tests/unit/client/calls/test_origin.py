"""`src_uid`, `src_uid2`, `src_callid`, `src_ts` and the key name one moment, as in the document."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment_sdk import casefile
from fulfillment_sdk.client.calls.origin import Originated, originate
from fulfillment_sdk.models import NewCase
from fulfillment_sdk.wire import load, to_json
from tests import samples

NOW = 1741960667.824
STAMP = "1741960667824"
DAYS = 86_400.0


def origin(case: NewCase, *, key: str | None = None, now: float = NOW) -> Originated:
    numbers = count(1)
    return originate(case, idempotency_key=key, now=now, new_id=lambda: f"id{next(numbers)}")


def four(filled: Originated) -> list[str | None]:
    case = filled.case
    return [case.src_uid, case.src_uid2, case.src_callid, case.src_ts]


def test_all_four_have_the_documents_form_and_one_stamp() -> None:
    filled = origin(NewCase(src="walkin", src_usr="100"))
    uid = f"walkin-100-{STAMP}-id1"
    assert four(filled) == [uid, f"{uid}-2", uid, "1741960667.824"]
    assert filled.idempotency_key == uid


def test_the_documents_own_example_hangs_together_as_ours_do() -> None:
    example = load(NewCase, samples.read("case-full"))
    bare = attrs.evolve(example, src_uid2=None, src_callid=None, src_ts=None)
    assert origin(bare, now=NOW + 300 * DAYS).case == example


@pytest.mark.parametrize(
    ("case", "begins"),
    [
        (NewCase(), f"webform-{STAMP}-"),
        (NewCase(src=" ", src_usr=""), f"webform-{STAMP}-"),
        (NewCase(src="CMIS"), f"CMIS-{STAMP}-"),
        (NewCase(src_usr="100"), f"webform-100-{STAMP}-"),
        # What could name or reach a person, or what no header can carry, stays out of the key.
        (NewCase(src_usr="jane.smith"), f"webform-{STAMP}-"),
        (NewCase(src_usr="0712345678"), f"webform-{STAMP}-"),
        (NewCase(src="a b"), f"webform-{STAMP}-"),
        (NewCase(src="приём"), f"webform-{STAMP}-"),
        (NewCase(src="x" * 33), f"webform-{STAMP}-"),
    ],
)
def test_a_key_is_made_of_what_may_be_seen(case: NewCase, begins: str) -> None:
    assert origin(case).idempotency_key == f"{begins}id1"


def test_two_cases_of_one_millisecond_differ() -> None:
    numbers = count(1)
    keys = [
        originate(
            NewCase(), idempotency_key=None, now=NOW, new_id=lambda: f"id{next(numbers)}"
        ).idempotency_key
        for _ in range(2)
    ]
    assert keys[0] != keys[1]


def test_a_given_src_uid_is_followed_and_the_key_is_another() -> None:
    filled = origin(NewCase(src_uid="intake-2025-000417"))
    assert four(filled) == [
        "intake-2025-000417",
        "intake-2025-000417-2",
        "intake-2025-000417",
        "1741960667.824",
    ]
    assert filled.idempotency_key == "id1"


def test_what_stands_among_the_extra_keys_is_given_too() -> None:
    said = {"src_uid": "intake-417", "src_ts": "1741960667.824", "src_callid": "call-1"}
    assert four(origin(NewCase(extra=said), now=NOW + DAYS)) == [
        "intake-417", "intake-417-2", "call-1", "1741960667.824",
    ]  # fmt: skip
    assert origin(NewCase(src_uid="mine", extra=said)).case.src_uid == "mine"


def test_a_given_key_is_the_src_uid() -> None:
    filled = origin(NewCase(), key="mine")
    assert four(filled) == ["mine", "mine-2", "mine", "1741960667.824"]


def test_a_given_moment_is_that_of_all_four() -> None:
    told = datetime(2025, 3, 14, 13, 57, 47, 824_000, tzinfo=UTC)
    filled = origin(NewCase(src_ts=told), now=NOW + 3600)
    assert filled.case.src_uid == f"webform-{STAMP}-id1"
    assert filled.case.src_ts == "1741960667.824000"


@pytest.mark.parametrize("name", ["src_uid2", "src_callid", "src_ts"])
def test_what_is_given_stays(name: str) -> None:
    fields: dict[str, Any] = {name: "1741960000"}
    filled = origin(NewCase(**fields))
    assert getattr(filled.case, name) == "1741960000"


@pytest.mark.parametrize("blank", ["", " ", "\t"])
@pytest.mark.parametrize("name", ["src_uid", "src_uid2", "src_callid", "src_ts"])
def test_a_blank_is_not_given(name: str, blank: str) -> None:
    fields: dict[str, Any] = {name: blank}
    assert origin(NewCase(**fields)) == origin(NewCase())


@pytest.mark.parametrize("wrong", [[], {}, False, 1.5, ["x"]])
@pytest.mark.parametrize("name", ["src_uid", "src_uid2", "src_callid"])
def test_a_wrong_type_stays_for_the_checks_to_find(name: str, wrong: Any) -> None:
    fields: dict[str, Any] = {name: wrong}
    found = casefile.problems(to_json(origin(NewCase(**fields)).case), now=NOW)
    assert casefile.Problem("invalid", name) in found


@pytest.mark.parametrize(
    "src_uid",
    [
        "0000000000417-x",  # no moment at all
        "call-2547123456789",  # a telephone number: ahead of now
        "1234567890123",  # long before any key that a server still knows
        "walkin-17419606678241-2",
        "walkin-1741960667824x",
    ],
)
def test_thirteen_digits_of_another_kind_are_no_moment(src_uid: str) -> None:
    assert origin(NewCase(src_uid=src_uid)).case.src_ts == "1741960667.824"


@pytest.mark.parametrize("later", [0.0, 60.0, 30 * DAYS])
def test_a_later_repetition_with_the_same_key_is_the_same_request(later: float) -> None:
    case = NewCase(src="walkin", src_usr="100")
    first = origin(case)
    again = origin(case, key=first.idempotency_key, now=NOW + later)
    assert again == first


def test_a_repetition_with_a_key_of_ones_own_differs_in_src_ts_alone() -> None:
    bodies = [to_json(origin(NewCase(), key="mine", now=NOW + n).case) for n in (0.0, 5.0)]
    assert bodies[0] != bodies[1]
    assert casefile.digest(bodies[0]) == casefile.digest(bodies[1])


WORDS = st.none() | st.text(max_size=40)


@settings(deadline=None, derandomize=True)
@given(src=WORDS, user=WORDS, uid=st.none() | st.just("a-1"), now=st.floats(1e8, 9.9e9, width=64))
def test_whatever_is_given_the_four_agree_and_pass_the_checks(
    src: str | None, user: str | None, uid: str | None, now: float
) -> None:
    filled = origin(NewCase(src=src, src_usr=user, src_uid=uid), now=now)
    case = filled.case
    assert case.src_callid == case.src_uid
    assert case.src_uid2 == f"{case.src_uid}-2"
    found = casefile.problems({"src_ts": case.src_ts}, now=now)
    assert "src_ts" not in {problem.field for problem in found}
    assert case.src_uid == (uid or filled.idempotency_key)
    assert filled.idempotency_key.isascii()
    assert 1 <= len(filled.idempotency_key) <= 255
    again = originate(
        NewCase(src=src, src_usr=user, src_uid=uid),
        idempotency_key=filled.idempotency_key,
        now=now + 60,
        new_id=lambda: "other",
    )
    assert casefile.digest(to_json(again.case)) == casefile.digest(to_json(case))
