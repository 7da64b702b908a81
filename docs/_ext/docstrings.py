"""Reads our docstrings: Markdown's fences and indented code, and Google's sections.

The sections are napoleon's work. It is called here rather than as an extension, since it takes a
property's first sentence for `type: description` wherever that has a colon. Where a docstring cites
the contract, it leads to the table of the contract's sections. A class's constants, the members of
an enum among them, need no docstring to be shown: their names and values say all.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.util.typing import ExtensionMetadata

_FENCED = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_BEFORE_CODE = re.compile(r"(?<=[^:\s]):(?=\n\n +\S)")
_CONTRACT = re.compile(r"\b([Cc]ontract)(?=,\s+sections?\s)")


def to_rst(text: str) -> str:
    """Return a docstring with code and links marked as reStructuredText wants it."""
    linked = _CONTRACT.sub(r":ref:`\1 <contract>`", text)
    return _BEFORE_CODE.sub("::", _FENCED.sub(_code_block, linked))


def _code_block(found: re.Match[str]) -> str:
    indent, language, source = found.groups()
    body = "".join(f"    {line}\n" if line else "\n" for line in source.splitlines())
    return f"{indent}.. code-block:: {language}\n\n{body}"


def process(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Turn one docstring's lines into reStructuredText, in place."""
    text = to_rst("\n".join(lines))
    lines[:] = GoogleDocstring(text, Config(), app, "object", name, obj).lines()


def skip(
    app: Sphinx, what: str, name: str, obj: object, is_skipped: bool, options: object
) -> bool | None:
    """Keep a class's constants, drop an enum's constructor, leave everything else to autodoc."""
    if what == "class" and name.isupper():
        return False
    return True if name == "__new__" else None


def setup(app: Sphinx) -> ExtensionMetadata:
    """Have autodoc hand over each docstring, and ask about each member."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
