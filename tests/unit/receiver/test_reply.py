"""What the head of a request decides alone (contract, section 4, "Receiver")."""

from __future__ import annotations

import json

import pytest

from fulfillment_sdk.receiver import reply
from fulfillment_sdk.receiver.reply import refuse_head

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post", ""])
def test_anything_but_post_is_answered_with_405_and_allow(method: str) -> None:
    refused = refuse_head(method, JSON)

    assert refused is not None
    assert refused.status == 405
    assert ("allow", "POST") in refused.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/jsonp"},
        {"content-type": "multipart/form-data; application/json"},
        {**JSON, "content-encoding": "gzip"},
        {**JSON, "Content-Encoding": "br"},
    ],
)
def test_what_is_no_plain_json_is_answered_with_415(headers: dict[str, str]) -> None:
    refused = refuse_head("POST", headers)

    assert refused is not None
    assert refused.status == 415


@pytest.mark.parametrize("length", [str(16 * 2**20 + 1), "9" * 18, "9" * 5000])
def test_more_than_16_mib_is_answered_with_413_by_its_length(length: str) -> None:
    refused = refuse_head("POST", {**JSON, "Content-Length": length})

    assert refused is not None
    assert refused.status == 413


@pytest.mark.parametrize(
    "headers",
    [
        JSON,
        {"Content-Type": "Application/JSON; charset=utf-8"},
        {**JSON, "content-encoding": "identity"},
        {**JSON, "content-length": str(16 * 2**20)},
        {**JSON, "content-length": "-1"},
        {**JSON, "content-length": "many"},
    ],
)
def test_the_rest_is_for_the_body_to_decide(headers: dict[str, str]) -> None:
    assert refuse_head("POST", headers) is None


@pytest.mark.parametrize("name", [name for name in vars(reply) if name.isupper()])
def test_every_reply_is_small_json_of_the_length_it_says(name: str) -> None:
    found = getattr(reply, name)
    if isinstance(found, reply.Reply):
        assert isinstance(json.loads(found.body), dict)
        assert dict(found.headers)["content-length"] == str(len(found.body)) < "99"
        assert dict(found.headers)["content-type"] == "application/json"
        assert found.line.startswith(f"{found.status} ")
