"""The documentation's Python runs, against a real server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Event, Reject
from tests.documents.conftest import Reader
from tests.documents.reading import DOCUMENTS, ROOT, blocks

WITH_PYTHON = [document for document in DOCUMENTS if blocks(document, "python")]


def name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", WITH_PYTHON, ids=name)
def test_the_python_of_a_page_runs(document: Path, reader: Reader) -> None:
    assert reader.read(document).count == len(blocks(document, "python"))


def test_the_quickstart_ends_with_the_first_notification(reader: Reader) -> None:
    page = reader.read(ROOT / "docs" / "quickstart.md")
    lines = sorted(page.printed.get(timeout=20) for _ in range(2))
    assert lines == sorted(
        [
            f"created {page.names.case.id} {page.names.case.reference_number}",
            f"{page.names.case.reference_number} Case created",
        ]
    )


def test_the_documented_sink_delivers_what_it_should_and_rejects_the_rest(reader: Reader) -> None:
    names = reader.read(ROOT / "docs" / "sinks.md").names
    sink = names.CounterSink(names.CounterSettings(path=Path("counted.txt")))
    about_a_case = Event("evt_01", "case.completed", "case_01", 6, b"{}")
    about_none = Event("evt_02", "weather.changed", "", None, b"{}")
    outcomes = [
        sink.deliver(Delivery(event=event, destination="audit", attempt=1))
        for event in (about_a_case, about_none)
    ]
    assert outcomes == [Delivered(), Reject("not about a case")]
    assert Path("counted.txt").read_text("utf-8") == "evt_01 case.completed case_01\n"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_what_a_page_links_to_is_there(document: Path) -> None:
    text = document.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    missing = [link for link in links if not (document.parent / link.partition("#")[0]).exists()]
    assert missing == []


def test_the_page_about_the_relay_runs_a_second_time(reader: Reader) -> None:
    page = ROOT / "docs" / "relay.md"
    reader.read(page)
    assert reader.read(page).count == len(blocks(page, "python"))


EXAMPLES = sorted((ROOT / "examples").glob("*/README.md"))


@pytest.mark.parametrize("document", [*DOCUMENTS, *EXAMPLES], ids=name)
def test_while_it_is_on_no_index_no_page_has_it_installed_from_one(document: Path) -> None:
    assert "The package is not on an index yet." in (ROOT / "README.md").read_text("utf-8")
    lines = re.findall(r"pip install.*", document.read_text("utf-8"))
    assert [line for line in lines if re.search(r"[ '\"]fulfillment-s(dk|ink)", line)] == []
