"""What the examples' pages say to run can be run beside a development server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documents.reading import ROOT, blocks

PAGES = [ROOT / "docs" / "receiver.md", *sorted((ROOT / "examples").glob("receive_*/README.md"))]
SERVERS = ("gunicorn ", "uvicorn ", "waitress-serve ", "hypercorn ")
HERE = "127.0.0.1:9000"


def commands(page: Path) -> list[str]:
    """Return the commands of a page that serve an application."""
    lines = [line for block in blocks(page, "console") for line in block.source.splitlines()]
    said = [part.strip() for line in lines for part in re.split(r"\$ |# or: ", line)]
    return [one for one in said if one.startswith(SERVERS)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_no_example_takes_the_port_of_the_development_server(page: Path) -> None:
    found = commands(page)
    assert found
    assert [one for one in found if not re.search(r"\b9000\b", one)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_each_says_what_to_register_and_where_the_secret_comes_from(page: Path) -> None:
    text = page.read_text("utf-8")
    assert f"http://{HERE}/" in text
    assert "client.md#subscriptions" in text
