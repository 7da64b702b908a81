"""The table of retries in the documentation is the one that the client decides by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fulfillment_sdk.client.exchange.retry import STEPS, Failure, Step
from tests.documents.reading import ROOT

ROWS: Final = {
    "it surely never arrived": Failure.NEVER_ARRIVED,
    "it may have arrived, and no answer came": Failure.LOST,
    "408, 425 or 429": Failure.REFUSED,
    "5xx, but for 501 and 505": Failure.BROKEN,
    "any other answer": Failure.FINAL,
}
WORDS: Final = {
    "again": Step.AGAIN,
    "its error": Step.GIVE_UP,
    "`OutcomeUnknown`": Step.UNKNOWN,
}


def told() -> Iterator[tuple[Failure, tuple[Step, ...]]]:
    text = (ROOT / "docs" / "client.md").read_text("utf-8")
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in ROWS and len(cells) == 5:
            yield ROWS[cells[0]], tuple(WORDS[cell] for cell in cells[1:])


def test_the_table_of_retries_is_told_as_it_is() -> None:
    assert dict(told()) == STEPS
