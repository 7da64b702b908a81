"""Reads our docstrings: Markdown's fences and indented code, and Google's sections.

The sections are napoleon's work. It is called here rather than as an extension, since it takes a
property's first sentence for `type: description` wherever that has a colon.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.util.typing import ExtensionMetadata

_FENCED = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_BEFORE_CODE = re.compile(r"(?<=[^:\s]):(?=\n\n +\S)")


def to_rst(text: str) -> str:
    """Return a docstring with its code marked as reStructuredText wants it."""
    return _BEFORE_CODE.sub("::", _FENCED.sub(_code_block, text))


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


def setup(app: Sphinx) -> ExtensionMetadata:
    """Have autodoc hand over each docstring."""
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
