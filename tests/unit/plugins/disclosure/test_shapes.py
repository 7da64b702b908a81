"""What a fact must look like; whatever a sentence, a name or an address looks like is none."""

from __future__ import annotations

import pytest

from fulfillment_sdk import lifecycle
from fulfillment_sdk.plugins.disclosure import shapes
from fulfillment_sdk.plugins.disclosure.shapes import Shape

NEVER: tuple[object, ...] = (
    None, [], {}, "", " ", "\n", "a\n", "\ta", "a\0", "a\u2028b", "jane@example.org",
    "She said that he would come back, and she was afraid.", "<b>", '"', "a;b", "{{ x }}", "\x7f",
)  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "fits", "not_these"),
    [
        (
            shapes.code,
            ["qc_passed", "362485", "image/jpeg", "image/svg+xml", "GBV", "a" * 64],
            ["Jane Smith", "a" * 65, "-a", "é", 5, True],
        ),
        (
            shapes.identifier,
            ["case_987654", "HL-CMS-000123", "550e8400-e29b-41d4-a716-446655440000", "a" * 200, 5],
            ["Jane Smith", "a" * 201, "_a", 5.5, True, "a?b", "a#b"],
        ),
        (
            shapes.title,
            ["site_visit", "Site visit", "Visite à domicile (2)", "a b c d e"],
            ["a b c d e f", "a  b", "What, again", "a" * 21, 5, "Jane 0712345678", "071 234 5678"],
        ),
        (
            shapes.time,
            ["2025-04-06", "2025-04-06T16:00:00.000000Z", "2025-04-06 16:00+03:00"],
            ["yesterday", "2025-04-06T16:00:00Z Jane", "20250406", 1743955200],
        ),
        (shapes.number, [0, 6, -1, 2**63 - 1], [2**63, 1.5, True, "6"]),
        (shapes.flag, [True, False], [0, 1, "true"]),
        (shapes.code_or_number, ["1", 1], [1.5, True, "as soon as you can"]),
        (
            shapes.message,
            [
                lifecycle.COMPLETION_MESSAGE,
                "Case created",
                "Case status changed from 'x' to 'accepted'",
                "Case status changed from '-' to 'new'",
            ],
            [
                "Case status changed from 'x' to 'Jane Smith'",
                "Case status changed from 'x' to 'y', said Jane",
                "Case closed for Jane",
                ["Case created"],
                5,
            ],
        ),
        (
            shapes.address,
            ["https://gateway.example/cases/case_1/report/", "http://127.0.0.1:8000/a"],
            [
                "https://user:pass@gateway.example/",
                "https://user@gateway.example/",
                "https://gateway.example/?token=1",
                "https://gateway.example/#a",
                "ftp://gateway.example/",
                "//gateway.example/",
                "https://",
                "https://[::1",
                "https://gateway.example\\@other.example/",
                "https://gateway.example/" + "a" * 500,
                5,
            ],
        ),
    ],
)
def test_a_shape_takes_what_its_fields_are_for(
    shape: Shape, fits: list[object], not_these: list[object]
) -> None:
    assert [value for value in fits if not shape(value)] == []
    assert [value for value in (*not_these, *NEVER) if shape(value)] == []


def test_every_message_of_the_lifecycle_is_one() -> None:
    for row in lifecycle.TRANSITIONS:
        assert shapes.message(lifecycle.message(row.previous, row.new))
