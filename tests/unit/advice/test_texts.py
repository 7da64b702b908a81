"""Free texts: numbers of people that belong into fields of their own, and placeholders."""

from __future__ import annotations

from time import perf_counter

import pytest

from fulfillment_sdk.models import CaseDefaults
from tests.unit.advice.people import case, reporter, said

PHONE = [("phone-in-text", "narrative")]
IDENTITY = [("national-id-in-text", "narrative")]


def about(narrative: str, **fields: object) -> list[tuple[str, str]]:
    return said(reporter(**fields) | {"narrative": narrative})


@pytest.mark.parametrize(
    "text",
    [
        "Call 0712345678 at night.",
        "Call +254 712 345 678",
        "Call (0712) 345-678.",
        "0712.345.678",
        "she has two numbers:0712345678,0723456789",
        "0720 2011 2012",
        "0720 2011 2012 13",
        "+1 712 345 000",
        "0712 345 000",
        "+254712345000",
        "\u0660\u0667\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
        "on 2025-03-14 from 0712345678",
        "Tel.+254712345678",
    ],
)
def test_a_phone_number_in_the_narrative_is_noticed(text: str) -> None:
    assert about(text) == PHONE


@pytest.mark.parametrize("text", ["Reach her on 712 3456", "7123456", "712-3456 after six"])
def test_a_short_number_is_noticed_where_it_is_the_cases_own(text: str) -> None:
    assert ("phone-in-text", "narrative") in about(text, phone="7123456")
    assert ("phone-in-text", "narrative") not in about(text)


@pytest.mark.parametrize("text", ["tel0712345678", "0712345678am", "_712 345 678_"])
def test_the_cases_own_phone_is_noticed_amid_letters(text: str) -> None:
    assert ("phone-in-text", "narrative") in about(text, phone="+254712345678")


@pytest.mark.parametrize(
    ("own", "text"),
    [("0712 345 000", "712 345 000"), ("20112012", "2011 2012"), ("1500000", "1500000")],
)
def test_the_cases_own_phone_is_no_amount_and_no_years(own: str, text: str) -> None:
    assert about(text, phone=own) == PHONE


def test_another_way_to_write_the_same_phone_is_the_same() -> None:
    assert about("She rang from 712345678.", phone="+254 712 345678") == PHONE


@pytest.mark.parametrize(
    "text",
    [
        "Her ID is 23456789.",
        "ID 2345678",
        "passport AB123456 was taken",
        "Passport A1234567",
    ],
)
def test_what_is_written_like_an_identity_is_noticed(text: str) -> None:
    assert about(text) == IDENTITY


@pytest.mark.parametrize("text", ["card ke-99.81/x", "KE 9981X", "(ke9981x)"])
def test_the_cases_own_national_id_is_noticed_however_it_is_written(text: str) -> None:
    assert about(text, national_id="KE-9981-X") == IDENTITY
    assert about(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "It began on 2025-03-14 at 13:57:47, again 14/03/2025 and 14.3.25.",
        "20250314 was the day",
        "Three of us, aged 12, 14 and 16, for 6 months.",
        "He took 1,500,000 shillings",
        "Case HL-CMS-000123 of last year",
        "between 2019 and 2024",
        "in 2010 2011 2012, and the school years 2019-2020-2021 and 2022/2023",
        "She paid 1500000 shillings, TZS 15000000, once KES 120 000 000",
        "P.O. Box 12345-00100 Nairobi, P.O. BOX: 1234 - 00200",
        "Room 101, house 4521",
        "",
        "No digit at all",
    ],
)
def test_dates_ages_and_amounts_are_no_numbers_of_people(text: str) -> None:
    assert about(text) == []


@pytest.mark.parametrize("known", ["", "1", "9981", "abcdef", None, 5, []])
def test_too_short_a_national_id_is_not_searched_for(known: object) -> None:
    assert about("9981 abcdef 1", national_id=known) == []


def test_the_plan_and_notes_are_read_too() -> None:
    notes = case(plan="Ring 0712345678", perpetrators_case=[{"notes": "ID 23456789"}])
    assert said(notes) == [
        ("phone-in-text", "plan"),
        ("national-id-in-text", "perpetrators_case[0].notes"),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reporter": {"fname": "Client"}}, "reporter.fname"),
        ({"narrative": "---"}, "narrative"),
        ({"plan": "---"}, "plan"),
        ({"plan": " Initial assessment required\n"}, "plan"),
    ],
)
def test_a_documented_default_left_in_place_is_noticed(
    changes: dict[str, object], field: str
) -> None:
    assert said(case(**changes)) == [("default-in-place", field)]


def test_the_organisations_own_defaults_count_too() -> None:
    ours = CaseDefaults(reporter_fname="Anonymous", narrative="To be taken", plan=" Ring back ")
    left = case(reporter={"fname": "Anonymous"}, narrative="To be taken", plan="Ring back")
    assert said(left) == []
    assert said(left, defaults=ours.texts()) == [
        ("default-in-place", "reporter.fname"),
        ("default-in-place", "narrative"),
        ("default-in-place", "plan"),
    ]


def test_priority_and_status_are_values_like_others() -> None:
    assert said(case(priority="2", status="1"), defaults=CaseDefaults().texts()) == []


def test_a_client_of_that_name_is_no_default() -> None:
    assert said(case(clients_case=[{"fname": "Client"}])) == []


@pytest.mark.parametrize("piece", ["1", "1 ", "1-", "1.", "+", "12:34 ", "A1", "(1", "1  ", "٣"])
def test_a_text_of_any_kind_is_read_in_little_time(piece: str) -> None:
    text = piece * 100_000
    begun = perf_counter()
    about(text, phone="7123456", national_id="KE-9981-X")
    assert perf_counter() - begun < 5
