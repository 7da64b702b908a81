"""Finds the Python and the commands in Markdown, and runs the Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```(?P<language>[\w{}-]+)\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL)


@attrs.frozen
class Block:
    """One fenced block: what it is written in, its text, and the line on which the text begins."""

    language: str
    source: str
    line: int


def blocks(document: Path, language: str) -> list[Block]:
    """Return the document's blocks in `language`, in order."""
    text = document.read_text("utf-8")
    return [
        Block(language, found["source"], text.count("\n", 0, found.start("source")) + 1)
        for found in _FENCE.finditer(text)
        if found["language"] == language
    ]


def run(document: Path, namespace: dict[str, object], *, standing_in: Mapping[str, str]) -> int:
    """Run a document's Python from top to bottom in one namespace, and return how many blocks ran.

    `standing_in` maps what the document says, such as an address, to what the test has instead.
    """
    found = blocks(document, "python")
    for block in found:
        source = block.source
        for written, real in standing_in.items():
            source = source.replace(written, real)
        padded = "\n" * (block.line - 1) + source
        exec(compile(padded, document, "exec", dont_inherit=True), namespace)
    return len(found)
