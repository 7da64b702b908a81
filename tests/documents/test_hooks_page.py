"""The page about hooks and the specifications of the hooks say the same."""

from __future__ import annotations

import inspect
import re

import pytest

from fulfillment_sdk.hooks import specs
from fulfillment_sdk.hooks.plugin import HOOKS
from tests.documents.reading import ROOT

PAGE = (ROOT / "docs" / "hooks.md").read_text("utf-8")


def sections() -> dict[str, str]:
    """The text below each heading that is the name of a hook."""
    parts = re.split(r"^#{2,3} (.+)$", PAGE, flags=re.MULTILINE)
    named = zip(parts[1::2], parts[2::2], strict=True)
    return {name.strip("`"): text for name, text in named if name.startswith("`fulfillment_")}


def test_every_hook_has_its_section_and_nothing_else_has() -> None:
    assert set(sections()) == HOOKS


def test_every_hook_is_in_the_table() -> None:
    listed = re.findall(r"^\| \[`(\w+)`\]\(#(\w+)\) \|", PAGE, flags=re.MULTILINE)
    assert {name for name, _anchor in listed} == HOOKS
    assert all(name == anchor for name, anchor in listed)


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_a_section_has_signature_timing_return_value_and_an_example_that_runs(name: str) -> None:
    section = sections()[name]
    signature = str(inspect.signature(getattr(specs, name))).replace("'", "")
    assert f"```text\n{name}{signature}\n```" in section
    assert "- **Called** " in section
    assert "- **Returns** " in section
    example = section.partition("```python\n")[2].partition("```")[0]
    assert f"def {name}(self, " in example
