"""The page about the sinks that come along says what there is to set, and what is in the tables."""

from __future__ import annotations

import re

import attrs
import pytest

from fulfillment_sdk.plugins.bundled.jsonl import JsonlSettings
from fulfillment_sdk.plugins.bundled.log import LogSettings
from fulfillment_sdk.plugins.bundled.sql import SqlSettings
from fulfillment_sdk.plugins.bundled.sql.tables import Tables
from tests.documents.reading import ROOT

PAGE = (ROOT / "docs" / "bundled_sinks.md").read_text("utf-8")
KINDS: dict[str, type[attrs.AttrsInstance]] = {
    "log": LogSettings,
    "jsonl": JsonlSettings,
    "sql": SqlSettings,
}


def section(kind: str) -> str:
    return PAGE.partition(f"\n## `{kind}`\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_each_setting_is_told_with_its_default(kind: str) -> None:
    told = re.findall(r"^\| `(\w+)` \| *(.*?) *\|", section(kind), re.MULTILINE)
    fields = attrs.fields(KINDS[kind])

    assert [name for name, _ in told] == [field.name for field in fields]
    for field, (_, default) in zip(fields, told, strict=True):
        if field.default is attrs.NOTHING:
            assert default == ""
        elif isinstance(field.default, str):
            assert default == f'`"{field.default}"`'
        elif isinstance(field.default, bool):
            assert default == f"`{str(field.default).lower()}`"
        else:
            assert field.default is None


def test_each_column_of_a_case_is_told() -> None:
    cases = Tables.of(SqlSettings("sqlite:///a.db")).cases
    (told,) = re.findall(r"where each case stands: (.*?)\.\n\n", section("sql"), re.DOTALL)

    assert re.findall(r"`(\w+)`", told) == [column.name for column in cases.columns]
