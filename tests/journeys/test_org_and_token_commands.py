"""`fulfillment org` and `fulfillment token`, at a real server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.ports import free_port

from ._server import SECONDS, ServerProcess, clean_environment, command

BASE = "/api/webhook/webform/"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("server") / "data"
    environ = {"FULFILLMENT_REGISTRATION": "approval", "FULFILLMENT_CODE_LIMITS": "1000,1000"}
    with ServerProcess(folder, environ=environ) as server:
        yield server


def run(
    *arguments: str, cwd: Path, environ: dict[str, str] | None = None, reads: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=clean_environment(environ),
        input=reads,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def said(server: ServerProcess, *arguments: str) -> str:
    """What a command says that ends well."""
    ended = run(*arguments, "--data", str(server.folder), cwd=server.folder.parent)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def found(server: ServerProcess, *arguments: str) -> Any:
    return json.loads(said(server, *arguments, "--json"))


def refused(server: ServerProcess, *arguments: str) -> str:
    ended = run(*arguments, "--data", str(server.folder), cwd=server.folder.parent)
    assert (ended.returncode, ended.stdout) == (1, "")
    return ended.stderr


def post(server: ServerProcess, path: str, **body: str) -> requests.Response:
    return requests.post(f"{server.address}{BASE}auth/{path}/", json=body, timeout=SECONDS)


def verify(server: ServerProcess, name: str) -> requests.Response:
    """Request a code, and verify the address with it."""
    who = {"email": f"{name.lower()}@example.org", "organization_name": name}
    assert post(server, "request-verification", **who).status_code == 200
    query = {"to": who["email"]}
    letters = requests.get(f"{server.address}/dev/mailbox/", params=query, timeout=SECONDS).json()
    code = letters[0]["text"].partition("code is ")[2][:6]
    return post(server, "verify-otp", otp=code, **who)


def organization_id(server: ServerProcess, name: str) -> str:
    return str(next(one["id"] for one in found(server, "org", "list") if one["name"] == name))


def approved(server: ServerProcess, name: str) -> tuple[str, str]:
    """An organization that was let in: its id and its token."""
    assert verify(server, name).status_code == 403
    identity = organization_id(server, name)
    said(server, "org", "approve", identity)
    return identity, str(verify(server, name).json()["token"])


def works(server: ServerProcess, token: str) -> int:
    return requests.get(
        f"{server.address}{BASE}subscriptions/",
        headers={"Authorization": f"Bearer {token}"},
        timeout=SECONDS,
    ).status_code


def test_an_organization_that_waits_is_listed_let_in_shut_out_and_let_in_again(
    server: ServerProcess,
) -> None:
    assert verify(server, "Hope").status_code == 403
    shown = said(server, "org", "list", "--state", "pending")
    identity = organization_id(server, "Hope")
    assert f"{identity}  pending      Hope" in shown
    assert "hope@example.org" in shown
    assert "fulfillment org approve ID" in shown
    assert said(server, "org", "approve", identity).startswith("Hope is active\n")
    token = str(verify(server, "Hope").json()["token"])
    assert works(server, token) == 200
    assert f"fulfillment org activate {identity}" in said(server, "org", "deactivate", identity)
    assert works(server, token) == 403
    assert found(server, "org", "activate", identity)["state"] == "active"
    assert works(server, token) == 200


def test_a_step_that_makes_no_sense_is_refused_with_the_one_that_does(
    server: ServerProcess,
) -> None:
    identity, _ = approved(server, "Steps")
    said(server, "org", "deactivate", identity)
    assert refused(server, "org", "approve", identity) == (
        "Error: Organization is deactivated\n"
        f"To let it go on: fulfillment org activate {identity}\n"
    )
    unknown = refused(server, "org", "approve", "../nobody")
    assert unknown == "Error: No organization has the id ../nobody\nSee: fulfillment org list\n"


def test_tokens_are_listed_and_revoked_one_by_one_or_all_of_an_organization(
    server: ServerProcess,
) -> None:
    identity, first = approved(server, "Tokens")
    second, third = (str(verify(server, "Tokens").json()["token"]) for _ in range(2))
    listed = found(server, "token", "list", "--org", identity)
    assert [one["state"] for one in listed] == ["active"] * 3
    jti = listed[0]["jti"]
    assert jti in said(server, "token", "list", "--org", identity)
    assert said(server, "token", "revoke", jti).startswith("The token is revoked since ")
    assert sorted(works(server, token) for token in (first, second, third)) == [200, 200, 401]
    assert said(server, "token", "revoke", "--org", identity).startswith("Revoked: 2.")
    assert {works(server, token) for token in (first, second, third)} == {401}
    states = [one["state"] for one in found(server, "token", "list", "--org", identity)]
    assert states == ["revoked"] * 3
    assert "fulfillment token list" in refused(server, "token", "revoke", "nothing")
    assert "fulfillment org list" in refused(server, "token", "revoke", "--org", "nothing")


def test_a_token_is_revoked_by_itself(server: ServerProcess) -> None:
    _, token = approved(server, "Leaky")
    arguments = ("token", "revoke", "-", "--data", str(server.folder))
    for read in ("no-token-at-all", "a.b.c"):
        ended = run(*arguments, cwd=server.folder.parent, reads=read)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "is no token" in ended.stderr
        assert read not in ended.stderr
    assert works(server, token) == 200
    ended = run(*arguments, cwd=server.folder.parent, reads=f"{token}\n")
    assert ended.returncode == 0, ended.stderr
    assert works(server, token) == 401


@pytest.mark.parametrize("arguments", [[], ["jti", "--org", "id"]])
def test_either_a_token_or_an_organization_is_named(
    server: ServerProcess, arguments: list[str]
) -> None:
    ended = run("token", "revoke", *arguments, cwd=server.folder.parent)
    assert ended.returncode == 2
    assert "--org" in ended.stderr


def test_from_elsewhere_address_and_token_are_given(server: ServerProcess, tmp_path: Path) -> None:
    # Neither a proxy nor a .netrc of the environment gets between this machine and itself.
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    environ = {
        "FULFILLMENT_STAFF_TOKEN": server.staff_token,
        "http_proxy": f"http://127.0.0.1:{free_port()}",
        "NETRC": str(tmp_path / "netrc"),
    }
    ended = run("org", "list", "--json", "--url", server.address, cwd=tmp_path, environ=environ)
    assert ended.returncode == 0, ended.stderr
    assert isinstance(json.loads(ended.stdout), list)


def test_what_is_wrong_is_told_with_what_to_do(server: ServerProcess, tmp_path: Path) -> None:
    nothing = run("org", "list", cwd=tmp_path)
    assert "There is no staff token in fulfillment-data" in nothing.stderr
    wrong = {"FULFILLMENT_STAFF_TOKEN": "another-staff-token"}
    other = run("org", "list", "--url", server.address, cwd=tmp_path, environ=wrong)
    assert "does not take this staff token" in other.stderr
    away = f"http://127.0.0.1:{free_port()}"
    nobody = run("org", "list", "--url", away, cwd=tmp_path, environ=wrong)
    assert f"No server answers at {away}" in nobody.stderr
    for ended in (nothing, other, nobody):
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "another-staff-token" not in ended.stderr
        assert "Traceback" not in ended.stderr


def test_what_answers_and_is_no_gateway_is_told(server: ServerProcess, tmp_path: Path) -> None:
    environ = {"FULFILLMENT_STAFF_TOKEN": server.staff_token}
    url = f"{server.address}/healthz"
    ended = run("org", "list", "--url", url, cwd=tmp_path, environ=environ)
    assert ended.returncode == 1
    assert "is no gateway" in ended.stderr
