"""The hooks that there are, and what importing them costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from fulfillment_sdk.hooks import specs
from fulfillment_sdk.hooks.plugin import HOOKS

TESTS = Path(__file__).parents[2]


def test_the_specs_and_the_manager_agree_on_the_hooks() -> None:
    specified = {
        name for name, found in vars(specs).items() if hasattr(found, "fulfillment_sdk_spec")
    }

    assert specified == HOOKS


def test_every_hook_is_documented_and_typed() -> None:
    for name in HOOKS:
        spec = getattr(specs, name)
        assert inspect.getdoc(spec), name
        assert set(inspect.get_annotations(spec)) >= {"return", *inspect.signature(spec).parameters}


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_every_hook_is_implemented_in_a_test(hook: str) -> None:
    here = Path(__file__)
    tests = (path for path in TESTS.rglob("test_*.py") if path != here)
    assert any(f"def {hook}(" in path.read_text("utf-8") for path in tests)


def test_marking_a_hook_loads_neither_the_store_nor_the_models() -> None:
    source = (
        "import sys; from fulfillment_sdk.plugins import RequestFacts, hookimpl; "
        "print(sorted(sys.modules.keys() & "
        "{'sqlalchemy', 'aiohttp', 'cattrs', 'fulfillment_sdk.relay', 'fulfillment_sdk.models'}))"
    )

    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr
