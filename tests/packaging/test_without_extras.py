"""The wheel without extras, in an empty environment: enough to file cases, and no more."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import run

SCRIPT = Path(__file__).with_name("use_without_extras.py")
HEAVY = {"aiohttp", "alembic", "click", "cryptography", "orjson", "rich", "sqlalchemy", "starlette"}


@pytest.fixture(scope="module")
def report(bare_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    said = run(str(bare_python), "-I", str(SCRIPT), cwd=tmp_path_factory.mktemp("elsewhere"))
    answer: dict[str, Any] = json.loads(said)
    return answer


def test_the_package_comes_from_the_wheel(report: dict[str, Any], bare_python: Path) -> None:
    assert Path(report["file"]).is_relative_to(bare_python.parents[1])


def test_the_environment_holds_nothing_of_the_extras(bare_python: Path) -> None:
    listed = json.loads(run(str(bare_python), "-m", "pip", "list", "--format=json"))
    assert HEAVY.isdisjoint({package["name"].lower() for package in listed})


def test_the_client_creates_a_case(report: dict[str, Any]) -> None:
    assert report["created"] == {"id": "case_987654", "reference_number": "HL-CMS-000123"}
    (request,) = report["seen"]
    assert request["path"] == "/api/webhook/webform/"
    assert request["token"] == "Bearer a-token"
    assert request["reporter"] == {"fname": "Jane Smith"}
    assert request["gbv_related"] is False


def test_a_notification_is_verified(report: dict[str, Any]) -> None:
    assert report["verified"] == "case_1"


def test_neither_the_import_nor_the_client_loads_a_store_or_a_server(
    report: dict[str, Any],
) -> None:
    assert HEAVY.isdisjoint(report["loaded"])


def test_what_needs_an_extra_says_how_to_install_it(report: dict[str, Any]) -> None:
    assert report["receiver"]["error"] == "MissingExtra"
    assert 'pip install "fulfillment-sdk[receiver]"' in report["receiver"]["text"]


def test_the_command_without_its_extra_says_how_to_install_it(bare_python: Path) -> None:
    command = bare_python.with_name("fulfillment")
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "fulfillment-sdk[" in done.stderr
    assert "Traceback" not in done.stderr
