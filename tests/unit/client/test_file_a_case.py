"""The example `file_a_case.py` runs."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import responses

from tests.unit.client.support import AUTH, BASE, CASES, CREATED

EXAMPLE = Path(__file__).parents[3] / "examples" / "file_a_case.py"


@pytest.fixture
def main() -> Callable[[], int]:
    found: Callable[[], int] = runpy.run_path(str(EXAMPLE))["main"]
    return found


def test_without_an_address_it_says_what_to_set(
    main: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 1
    assert "FULFILLMENT_BASE_URL" in capsys.readouterr().err


def test_it_names_no_address_but_loopback() -> None:
    assert EXAMPLE.read_text().count("http") == EXAMPLE.read_text().count("http://127.0.0.1") == 1


def test_it_files_a_case(
    main: Callable[[], int],
    mocked: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FULFILLMENT_BASE_URL", BASE)
    monkeypatch.setenv("FULFILLMENT_TOKEN", "t0ken")
    mocked.post(CASES, json=CREATED, status=201)
    assert main() == 0
    assert capsys.readouterr().out == "Case case_987654, number HL-CMS-000123\n"


def test_without_a_token_it_signs_in(
    main: Callable[[], int], mocked: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULFILLMENT_BASE_URL", BASE)
    answers = iter(["me@example.com", "Your Organization Name", "123456"])
    monkeypatch.setattr("builtins.input", lambda _question: next(answers))
    mocked.post(f"{AUTH}request-verification/", json={"status": "success"})
    mocked.post(f"{AUTH}verify-otp/", json={"token": "aaa.bbb.ccc", "expires": "2026-04-24"})
    mocked.post(CASES, json=CREATED, status=201)
    assert main() == 0
    assert mocked.calls[2].request.headers["Authorization"] == "Bearer aaa.bbb.ccc"


def test_an_unknown_outcome_has_a_status_of_its_own(
    main: Callable[[], int],
    mocked: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("FULFILLMENT_BASE_URL", BASE)
    monkeypatch.setenv("FULFILLMENT_TOKEN", "t0ken")
    mocked.post(CASES, body=requests.ReadTimeout())
    assert main() == 2
    assert "may or may not" in capsys.readouterr().err
