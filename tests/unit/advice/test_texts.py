"""Free texts: numbers of people that belong into fields of their own, and placeholders."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest

from fulfillment_sdk.advice.nobodys import ROWS
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


# What each row of the table takes for nobody's, and what is a phone number beside it.
WITNESSES = {
    "a date": (
        ["2025-03-14T13:57:47Z", "12-05-2024 - 14-05-2024", "OB 23/12/03/2025"],
        ["on 14/03/2025 0712345678"],
    ),
    "days with spaces": (
        ["on 14 03 2025", "05 06 2025 07 06 2025", "03 14 2025 - 03 15 2025"],
        ["0712 05 06 2025", "05 06 2025 12", "33 1 05 06 2025"],
    ),
    "a day or a moment in one": (
        ["20250314", "at 20250314135747", "202503141357", "20250314T135747"],
        ["20251314135747", "202013141357"],
    ),
    "a time": (["from 10:30-11:30 on 12-13.05.2025"], ["10:30 712345678"]),
    "years in a row": (["2019/2020/2021"], ["0720 2011 2012"]),
    "a moment in milliseconds": (
        ["1741960667824", "webform-100-1741960667824"],
        ["+1741960667824", "8613812345678"],
    ),
    "a moment in seconds": (["1741960667.824"], ["1741.960.667", "0741960667.824"]),
    "a round amount in groups": (["120 000 000"], ["0712 345 000"]),
    "a round amount": (["15000000"], ["+254712345000"]),
    "an amount with hundredths": (["1234567.89", "123456789.00"], ["0712345678.00"]),
    "money": (
        ["KES 1250500", "Ksh 125000000", "Ksh. 123456789", "UGX 1 234 567 890", "$ 123456789.00"],
        ["Ksh 500 0712345678", "KES 500, 712345678", "Ksh 0712345678"],
    ),
    "what was paid": (
        ["123456789 shillings", "123456789/=", "123456789 KES"],
        ["0712345678 shillings", "712345678 Bob", "+254712345678/-"],
    ),
    "a post box with its code": (["P.O. Box 12345-00100"], ["box 0712345678"]),
    "what a label names": (
        [
            "Ref 2025-000-417-889",
            "Ref: INV-2024-001234567",
            "reference number 123456789012",
            "Ref no. 0012345678",
            "tracking number 1234567890",
            "account 1234567890123",
            "A/C No. 1234567890",
            "Case no. 123456789",
            "ISBN 978-3-16-148410-0",
            "receipt 123456789, invoice 100200300",
        ],
        [
            "in that case 712345678 rings",
            "case 254712345678",
            "account 0712345678",
            "ref 123 712345678",
            "reference +254712345678",
            "his number 712345678",
        ],
    ),
    "what has a number sign": (["order #1234567890", "# 123-456-789"], ["#0712345678"]),
    "a code": (
        ["HL-CMS-000123456", "case HL-CMS-123456789", "INV-2024-001234567"],
        ["TEL-712345678", "HIM-0712345678", "him-712345678", "A-712345678"],
    ),
    "an id in hexadecimal": (["550e8400-e29b-41d4-a716-446655440000"], ["5550-8400 446655440"]),
    "a place on the globe": (
        ["-1.2920659, 36.8219462", "1.2920659 36.8219462"],
        ["0712.345.678", "+254.712345678", "36.8219462 0712345678"],
    ),
    "an address in a network": (
        ["from 192.168.100.200", "192.168.100.200:8080"],
        ["254.712.345.678", "01.23.45.67.89", "1.192.168.100.200"],
    ),
}


def of_the_witnesses(which: int) -> list[Any]:
    return [
        pytest.param(text, id=f"{row}: {text}")
        for row, texts in WITNESSES.items()
        for text in texts[which]
    ]


def test_every_row_of_what_is_nobodys_has_witnesses_on_both_sides() -> None:
    assert list(WITNESSES) == list(ROWS)
    assert all(taken and left for taken, left in WITNESSES.values())


@pytest.mark.parametrize("text", of_the_witnesses(0))
def test_what_is_nobodys_is_no_phone_number(text: str) -> None:
    assert about(text) == []
    assert about(f"They said: {text}. And then?") == []


@pytest.mark.parametrize("text", of_the_witnesses(1))
def test_what_only_looks_like_nobodys_is_a_phone_number(text: str) -> None:
    assert about(text) == PHONE
    assert about(f"They said: {text}. And then?") == PHONE


@pytest.mark.parametrize(
    "text",
    [
        "aged 12 14 16 18 20",
        "3 4 5 6 7 8 9 10 11",
        "rows 10-20 20-30 30-40",
        "sections 12(3)(4) 15 (2) 18(1)(2)",
    ],
)
def test_small_numbers_in_a_row_are_no_phone_number(text: str) -> None:
    assert about(text) == []


@pytest.mark.parametrize(
    "text",
    [
        *("0712-345-678", "0712 345678", "0712 345 678/0723 456 789", "call 112345678"),
        *("+1 (555) 123-4567", "020 7946 0958", "+49 30 901820", "98765 43210", "9876543210"),
        *("0041 44 668 18 00", "01 23 45 67 89", "+33 1 23 45 67 89", "011-2345-6789"),
        *("07123 45678", "0733 12 34 56", "0800 720 121", "254 (0)712 345 678"),
        *("(+254) 712 345 678", "phone:254712345678", "254-712-345-678", "254712 345678"),
    ],
)
def test_phone_numbers_are_written_in_many_ways(text: str) -> None:
    assert about(f"Ring {text} after six.") == PHONE


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


PIECES = [
    *("1", "1 ", "1-", "1.", "+", "12:34 ", "A1", "(1", "1  ", "٣", "A-", "#1", "12 3 2025 "),
    *("ref 1", "ksh 1 ", "1.2345,", "9.9.", "AB-1-", "0a1b2c3d-", "box 1 ", "2019-", "1000 "),
]


@pytest.mark.parametrize("piece", PIECES)
def test_a_text_of_any_kind_is_read_in_little_time(piece: str) -> None:
    text = piece * 30_000
    begun = perf_counter()
    about(text, phone="7123456", national_id="KE-9981-X")
    assert perf_counter() - begun < 5
