"""Who may call the portal, who waits, what is answered again: contract, section 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.server.gateway import schema
from fulfillment_sdk.server.gateway.cases import reservations
from fulfillment_sdk.server.gateway.cases.reservations import Claim, Record, decide, key_digests
from fulfillment_sdk.server.gateway.housekeeping import sweep
from fulfillment_sdk.server.gateway.upstream import IntakeAnswer, read_intake_answer
from fulfillment_sdk.store import Sealer, Store

CREATED = IntakeAnswer("created", b'{"id":"case_1"}', "case_1", "HL-CMS-000001")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(url, schemas=[schema.SCHEMA], sealer=sealer) as store:
        yield store


def claim(
    store: Store,
    *keys: str,
    digest: str = "d",
    intake_id: str = "int_1",
    holder: str = "a",
    now: float = 0.0,
) -> Claim:
    return store.write(
        lambda connection: reservations.claim(
            connection,
            store.sealer,
            organization_id="org",
            key_digests=keys,
            digest=digest,
            intake_id=intake_id,
            holder=holder,
            now=now,
        )
    ).result()


def record(
    store: Store, intake_id: str = "int_1", answer: IntakeAnswer = CREATED, *, now: float = 1.0
) -> None:
    store.write(
        lambda connection: reservations.record(
            connection,
            store.sealer,
            organization_id="org",
            intake_id=intake_id,
            answer=answer,
            now=now,
        )
    ).result()


@pytest.mark.parametrize(
    ("found", "now", "decision"),
    [
        ([], 0, "new"),
        ([Record("i", "d", 15)], 0, "wait"),
        ([Record("i", "d", 15)], 14.9, "wait"),
        ([Record("i", "d", 15)], 15, "take_over"),
        ([Record("i", "d", 3600)], 0, "take_over"),
        ([Record("i", "d", 15, b"{}")], 0, "replay"),
        ([Record("i", "d", 15, b"{}")], 99, "replay"),
        ([Record("i", "other", 15)], 0, "conflict"),
        ([Record("i", "other", 15, b"{}")], 99, "conflict"),
        ([Record("i", "d", 15, b"{}"), Record("j", "d", 15, b"{}")], 0, "conflict"),
    ],
)
def test_the_records_decide(found: Sequence[Record], now: float, decision: str) -> None:
    assert decide(found, "d", now) == decision


def test_the_two_kinds_of_keys_never_meet() -> None:
    assert key_digests("", "") == ()
    assert len({*key_digests("x", "x"), *key_digests("x", "")}) == 2


def test_the_pauses_of_a_waiting_request_are_ten_seconds() -> None:
    assert sum(reservations.WAITS) == pytest.approx(10.0)


def test_the_first_goes_the_second_waits_and_then_gets_the_same_answer(store: Store) -> None:
    assert claim(store, "k") == Claim("go", "int_1", "a")
    assert claim(store, "k", intake_id="int_2").kind == "wait"
    record(store)
    assert claim(store, "k", intake_id="int_3") == Claim("replay", "int_1", answer=CREATED.body)


def test_a_new_key_beside_a_known_one_leads_to_the_same_record(store: Store) -> None:
    claim(store, "k")
    record(store)
    assert claim(store, "k", "uid").kind == "replay"
    assert claim(store, "uid").kind == "replay"
    assert claim(store, "uid", digest="other").kind == "conflict"


def test_a_refused_case_frees_its_keys_but_only_for_who_holds_them(store: Store) -> None:
    claim(store, "k")
    store.write(lambda c: reservations.drop(c, intake_id="int_1", holder="b")).result()
    assert claim(store, "k", digest="other").kind == "conflict"
    store.write(lambda c: reservations.drop(c, intake_id="int_1", holder="a")).result()
    assert claim(store, "k", digest="other", intake_id="int_2") == Claim("go", "int_2", "a")


def test_a_recorded_answer_is_never_dropped(store: Store) -> None:
    claim(store, "k")
    record(store)
    store.write(lambda c: reservations.drop(c, intake_id="int_1", holder="a")).result()
    assert claim(store, "k").kind == "replay"


def test_what_was_let_go_is_taken_over_under_the_same_intake_id(store: Store) -> None:
    claim(store, "k", now=100)
    store.write(lambda c: reservations.let_go(c, intake_id="int_1", holder="b")).result()
    assert claim(store, "k", now=101).kind == "wait"
    store.write(lambda c: reservations.let_go(c, intake_id="int_1", holder="a")).result()
    assert claim(store, "k", intake_id="int_2", holder="b", now=101) == Claim("go", "int_1", "b")
    assert claim(store, "k", now=115.9).kind == "wait"


def test_the_answer_of_whoever_was_late_changes_nothing(store: Store) -> None:
    claim(store, "k")
    record(store)
    record(store, answer=IntakeAnswer("created", b"late", "case_1", "HL-CMS-000001"))
    assert claim(store, "k").answer == CREATED.body


def test_answers_are_sealed_and_cases_have_an_owner(store: Store) -> None:
    claim(store, "k")
    record(store)

    def rows(connection: sa.Connection) -> tuple[bytes, list[str]]:
        answer = connection.execute(sa.select(schema.reservations.c.answer)).scalar_one()
        owners = connection.execute(sa.select(schema.cases.c.organization_id)).scalars()
        return bytes(answer), list(owners)

    answer, owners = store.read(rows).result()
    assert b"case_1" not in answer
    assert owners == ["org"]


def test_an_answer_is_kept_from_its_recording_on_however_old_the_reservation(store: Store) -> None:
    claim(store, "k", now=0.0)
    record(store, now=100.0)
    end = reservations.KEPT + 100

    def removed(at: float) -> int:
        return store.write(lambda connection: sweep(connection, at)).result()

    assert (removed(end - 1), removed(end)) == (0, 1)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (201, b'{"id":"case_1","reference_number":"HL-CMS-000001"}', "created"),
        (201, b'{"id":"","reference_number":"HL-CMS-000001"}', "unusable"),
        (201, b'{"id":1,"reference_number":"HL-CMS-000001"}', "unusable"),
        (201, b'{"id":"case_1"}', "unusable"),
        (201, b"<html>", "unusable"),
        (200, b'{"id":"case_1","reference_number":"HL-CMS-000001"}', "unusable"),
        (400, b'{"error":"x"}', "refused"),
        (400, b"<html>", "unusable"),
        (401, b"{}", "unusable"),
        (409, b"{}", "unusable"),
        (503, b"{}", "unusable"),
    ],
)
def test_only_a_201_and_a_400_of_the_portal_can_be_used(
    status: int, body: bytes, kind: str
) -> None:
    answer = read_intake_answer(status, body)
    assert answer.kind == kind
    assert answer.body == (b"" if kind == "unusable" else body)
