"""Where the commands find the gateway's administration, and what they say of no answer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import requests

from fulfillment_sdk.cli.admin_api import AdminApi
from fulfillment_sdk.errors import ConfigurationError, ConnectionFailed, FulfillmentError
from fulfillment_sdk.server.configuration import sources

TOKEN = {"FULFILLMENT_STAFF_TOKEN": "staff-token-of-this-test"}


def test_a_url_is_the_address_without_its_last_slash() -> None:
    api = AdminApi.of(sources.read({}, TOKEN), "https://10.0.0.11:8000/")
    assert api.url == "https://10.0.0.11:8000"
    assert "staff-token-of-this-test" not in repr(api)


def test_the_token_of_a_server_that_runs_no_more_goes_to_nobody(tmp_path: Path) -> None:
    (tmp_path / "staff-token").write_text("staff-token-of-this-test")
    (tmp_path / "address").write_text("http://127.0.0.1:4711\n")
    given = sources.read({"data": str(tmp_path)}, {})
    with pytest.raises(ConnectionFailed, match="No server runs with the data folder"):
        AdminApi.of(given, None)
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    assert AdminApi.of(given, None).url == "http://127.0.0.1:4711"


@pytest.mark.parametrize(
    "url", ["http://user:hush-hush@127.0.0.1:9", "ftp://hush-hush", "hush-hush", "http://["]
)
def test_what_is_no_address_or_has_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="--url must be an address") as refused:
        AdminApi.of(sources.read({}, TOKEN), url)
    assert "hush-hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (
            503,
            b'{"error": "Service unavailable"}',
            ConnectionFailed,
            (
                "The server at http://gateway can't answer just now: 503\n"
                "Its /readyz and its log say why; then try again."
            ),
        ),
        (
            502,
            b"<html>Bad Gateway</html>",
            ConnectionFailed,
            (
                "The server at http://gateway can't answer just now: 502\n"
                "Its /readyz and its log say why; then try again."
            ),
        ),
        (
            200,
            b"<html>Welcome</html>",
            ConfigurationError,
            (
                "What answers at http://gateway is no gateway of this version\n"
                "Say with --url where the gateway is."
            ),
        ),
    ],
)
def test_who_has_to_act_is_told(
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    error: type[FulfillmentError],
    words: str,
) -> None:
    answer = requests.Response()
    answer.status_code, answer._content = status, body
    monkeypatch.setattr(requests.Session, "request", lambda *_, **__: answer)
    with pytest.raises(error) as told:
        AdminApi("http://gateway", "staff-token").post("organizations", "org", "approve")
    assert str(told.value) == words
