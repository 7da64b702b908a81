"""`--dev` is the only switch that trusts, and trusts this machine alone (contract, section 7)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from ._server import SECONDS, ServerProcess
from .test_serve import refused

WEBFORM = "/api/webhook/webform/"
OF_A_PROXY = (
    *("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
    *("X-Forwarded-Port", "X-Real-IP"),
)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("dev") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def strict_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strict") / "data"


@pytest.fixture(scope="module")
def approved(strict_folder: Path) -> str:
    """A token of the strict server: the same folder, served with `--dev` before."""
    with ServerProcess(strict_folder) as server:
        token: str = legacy_token(server).json()["token"]
        return token


@pytest.fixture(scope="module")
def strict(strict_folder: Path, approved: str) -> Iterator[ServerProcess]:
    assert approved
    environ = {
        "FULFILLMENT_SMTP_URL": "smtp://127.0.0.1:1",
        "FULFILLMENT_MAIL_FROM": "gateway@fulfillment.example",
        "FULFILLMENT_PUBLIC_URL": "https://gateway.example",
    }
    with ServerProcess(strict_folder, flags=(), environ=environ) as server:
        yield server


def get(
    server: ServerProcess, path: str, headers: Mapping[str, str] | None = None
) -> requests.Response:
    return requests.get(server.address + path, headers=headers, timeout=SECONDS)


def legacy_token(server: ServerProcess) -> requests.Response:
    body = {
        "organization_name": f"Partner {next(_numbers)}",
        "organization_email": "intake@partner.example",
    }
    return requests.post(f"{server.address}{WEBFORM}auth/token/", json=body, timeout=SECONDS)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example"])
def test_dev_refuses_an_address_other_than_loopback(
    tmp_path_factory: pytest.TempPathFactory, host: str
) -> None:
    folder = tmp_path_factory.mktemp("refused") / "data"
    said = refused(folder, "--dev", "--host", host, "--port", "0")
    assert f"serves loopback only, not {host}" in said
    assert not folder.exists()


@pytest.mark.parametrize("host", ["gateway.example", "192.0.2.1", "127.0.0.1.nip.io", "0.0.0.0"])
@pytest.mark.parametrize("path", ["/healthz", "/dev/mailbox/?to=a@b.example", WEBFORM])
def test_dev_refuses_a_host_that_is_not_loopback(
    trusting: ServerProcess, host: str, path: str
) -> None:
    answer = get(trusting, path, {"Host": f"{host}:{trusting.port}"})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "With --dev the Host must be loopback"},
    )


@pytest.mark.parametrize("name", OF_A_PROXY)
def test_dev_refuses_forwarding_headers(trusting: ServerProcess, name: str) -> None:
    answer = get(trusting, "/healthz", {name: "127.0.0.1"})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "With --dev nothing may be forwarded"},
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_dev_serves_loopback(trusting: ServerProcess, host: str) -> None:
    assert get(trusting, "/healthz", {"Host": f"{host}:{trusting.port}"}).status_code == 200


def test_dev_opens_the_legacy_call_plain_http_loopback_webhooks_and_the_mailbox(
    trusting: ServerProcess,
) -> None:
    token = legacy_token(trusting).json()["token"]
    made = requests.post(
        f"{trusting.address}{WEBFORM}subscriptions/",
        json={"url": "http://127.0.0.1:9/webhook"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=SECONDS,
    )
    assert made.status_code == 201
    assert get(trusting, "/dev/mailbox/?to=a@b.example").json() == []


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/webhook",
        "https://127.0.0.1/webhook",
        "https://[::1]/webhook",
        "http://127.0.0.1:9/webhook",
    ],
)
def test_dev_alone_takes_plain_http_and_loopback_webhooks(
    strict: ServerProcess, approved: str, url: str
) -> None:
    answer = requests.post(
        f"{strict.address}{WEBFORM}subscriptions/",
        json={"url": url},
        headers={"Authorization": f"Bearer {approved}"},
        timeout=SECONDS,
    )
    assert answer.status_code == 400
    assert url not in answer.text


def test_without_dev_the_legacy_call_is_a_404(strict: ServerProcess) -> None:
    assert legacy_token(strict).status_code == 404


@pytest.mark.parametrize("path", ["/dev/mailbox/", "/dev/mailbox/?to=a@b.example", "/dev/"])
def test_without_dev_there_is_no_mailbox(strict: ServerProcess, path: str) -> None:
    assert get(strict, path).status_code == 404


def test_without_dev_any_host_is_served_and_forwarding_headers_count_for_nothing(
    strict: ServerProcess,
) -> None:
    headers = {"Host": "gateway.example", "X-Forwarded-For": "127.0.0.1"}
    assert get(strict, "/healthz", headers).status_code == 200
