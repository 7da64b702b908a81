"""The page about cases says what the code does."""

from __future__ import annotations

import re

from fulfillment_sdk.receiver import ANOMALIES
from fulfillment_sdk.receiver.cases.story import OUTCOMES
from tests.documents.reading import ROOT

PAGE = (ROOT / "docs" / "cases.md").read_text("utf-8")


def words_of(heading: str) -> dict[str, str]:
    """The first table behind a heading: its first column, and its second."""
    text = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.MULTILINE)
    return {word: meaning.strip() for word, meaning in rows}


def test_every_anomaly_is_told_in_the_words_of_the_code_and_in_its_order() -> None:
    assert list(words_of("What is odd").items()) == list(ANOMALIES.items())


def test_every_outcome_is_told() -> None:
    assert set(words_of("What becomes of an event")) == set(OUTCOMES)
