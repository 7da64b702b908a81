"""The demo's case is the documents'."""

from __future__ import annotations

import json
from pathlib import Path

from fulfillment_sdk import wire
from fulfillment_sdk.cli.demo.case import physical_abuse

SAMPLES = Path(__file__).parents[3] / "samples"


def test_it_is_the_physical_abuse_case_to_the_letter() -> None:
    documented = json.loads((SAMPLES / "case-physical-abuse.json").read_text("utf-8"))
    assert json.loads(wire.dumps(physical_abuse())) == documented
