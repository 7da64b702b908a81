"""Recorded exchanges, and how to have them again."""

from __future__ import annotations

import base64
import http.client
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import jwt

from tests.fakes.deployed_gateway import DeployedGateway

SAMPLES = Path(__file__).parents[2] / "samples" / "dialects" / "deployed-gateway"
TELLING = ("Content-Type", "Allow", "Location")
NEVER = ("Retry-After", "WWW-Authenticate", "X-Request-Id", "Fulfillment-Features")

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+")
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")


@attrs.frozen
class Got:
    """An answer: its status, the headers that say something, its body parsed if it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: object


def send(
    base_url: str, method: str, path: str, *, body: bytes | None = None, **headers: str
) -> Got:
    """One request as it stands, on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    given = {name: value for name, value in response.getheaders() if name in (*TELLING, *NEVER)}
    if response.getheader("Content-Length") == "0":
        given["Content-Length"] = "0"
    is_json = response.getheader("Content-Type") == "application/json" and text
    return Got(response.status, given, json.loads(text) if is_json else text)


def post(base_url: str, path: str, value: object, token: str | None = None) -> Got:
    """One POST of JSON."""
    given = {"Authorization": f"Bearer {token}"} if token else {}
    body = json.dumps(value).encode()
    return send(base_url, "POST", path, body=body, Content_Type="application/json", **given)


def replay(base_url: str, recorded: Mapping[str, Any], gateway: DeployedGateway) -> Got:
    """The recorded request once more; its token gets a signature in the place of the dummy."""
    headers = dict(recorded["headers"])
    if "Authorization" in headers:
        headers["Authorization"] = signed(headers["Authorization"], gateway)
    body = json.dumps(recorded["json"]) if "json" in recorded else recorded.get("body")
    return send(
        base_url,
        recorded["method"],
        recorded["path"],
        body=None if body is None else body.encode(),
        **headers,
    )


def signed(authorization: str, gateway: DeployedGateway) -> str:
    """Sign what was signed: `AAAA…` with the gateway's key, `BBBB…` with another one."""
    if not _TOKEN.search(authorization):
        return authorization
    _header, payload, signature = authorization.removeprefix("Bearer ").split(".")
    claims = json.loads(_decoded(payload))
    gateway.organizations.add(claims["org_id"], claims["org_name"])
    if signature.startswith("AAAA"):
        return f"Bearer {gateway.organizations.sign(claims)}"
    if signature.startswith("BBBB"):
        return f"Bearer {jwt.encode(claims, 'another key of thirty-two bytes!!', 'HS256')}"
    return authorization


def comparable(value: object) -> object:
    """The same value with the shape of its ids and times, and the claims' names of its tokens."""
    if isinstance(value, Mapping):
        return {key: comparable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if not isinstance(value, str):
        return value
    text = _TOKEN.sub(lambda found: _claims(found[0]), value)
    text = _UUID.sub("<uuid>", text)
    return _TIME.sub(lambda found: re.sub(r"\d", "0", found[0]), text)


def _claims(token: str) -> str:
    header, claims, _signature = token.split(".")
    shape = {name: type(inner).__name__ for name, inner in json.loads(_decoded(claims)).items()}
    return f"{_decoded(header).decode()} {shape}"


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
