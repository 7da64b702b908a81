"""The pages about sinks say what the tables in the code say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs
import pytest

from fulfillment_sdk.plugins.bundled.chat import ChatSettings
from fulfillment_sdk.plugins.bundled.email import EmailSettings
from fulfillment_sdk.plugins.bundled.webhook import WebhookSettings
from fulfillment_sdk.plugins.disclosure.disclosure import FIELDS, Disclosure, Fields
from fulfillment_sdk.plugins.settings.common import CommonSettings
from tests.documents.reading import ROOT

GETS = (ROOT / "docs" / "what_sinks_get.md").read_text("utf-8")
TELLS = (ROOT / "docs" / "telling_others.md").read_text("utf-8")


def first_table(text: str) -> list[list[str]]:
    """The rows of the first table in a text, without its head."""
    found = re.search(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert found is not None
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()[2:]
    ]


def section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w[\w.]*)`", cell)


def told(level: Disclosure) -> set[str]:
    """The fields that the page says a level has."""
    column = {"routing": 1, "operational": 2}[level]
    found: set[str] = set()
    for row in first_table(section(GETS, "How much of an event"))[1:]:
        if row[column] == "yes":
            before, colon, after = row[0].rpartition(":")
            owners = [f"{owner}." for owner in names(before)] if colon else [""]
            found |= {owner + name for owner in owners for name in names(after)}
    return found


def let_through(fields: Fields, before: str = "") -> Iterator[str]:
    for key, wanted in fields.items():
        inner = wanted[0] if isinstance(wanted, list) else wanted
        if isinstance(inner, Mapping) and key != "timeline":  # steps, as an event tells them
            yield from let_through(inner, "" if key == "data" else f"{before}{key}.")
        else:
            yield before + key


@pytest.mark.parametrize("level", ["routing", "operational"])
def test_the_page_says_what_each_level_lets_through(level: Disclosure) -> None:
    assert told(level) == set(let_through(FIELDS[level]))


def test_the_page_has_every_key_that_all_tables_have() -> None:
    keys = [field.name for field in attrs.fields(CommonSettings)]
    assert [names(row[0]) for row in first_table(GETS)] == [[key] for key in keys]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [("webhook", WebhookSettings), ("email", EmailSettings), ("chat", ChatSettings)],
)
def test_the_page_has_every_setting_of_a_kind(kind: str, settings: type[object]) -> None:
    rows = first_table(section(TELLS, f"`{kind}`"))
    assert attrs.has(settings)
    assert {names(row[0])[0] for row in rows} == {field.name for field in attrs.fields(settings)}
