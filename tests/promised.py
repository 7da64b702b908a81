"""What the gateway's OpenAPI document promises of an answer, to the letter.

The document leaves room for further keys in answers, since there may be some in a later version.
Here there are none that it doesn't name: one more would be a key that nobody was told of.
"""

from __future__ import annotations

import functools
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from fulfillment_sdk.server.openapi import document


def without_further_keys(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with its answers' schemas written out, and closed.

    What says itself that it has further keys stays open.
    """
    paths = {
        path: {
            method: {**one, "responses": dict(_responses(whole, one))}
            if "responses" in one
            else one
            for method, one in item.items()
        }
        for path, item in whole["paths"].items()
    }
    return {**whole, "paths": paths}


def broken(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> str:
    """Say which promise an answer breaks, ``""`` where it keeps them all.

    ``headers`` are found without regard to case. Paths that are not in the document break none.
    """
    found = _operation(path, method.lower())
    if found is None:
        return ""
    promised = found["responses"].get(str(status))
    if promised is None:
        return f"{found['operationId']}: {status} is not in the document"
    for name, header in promised.get("headers", {}).items():
        given = headers.get(name)
        if given is None:
            return f"{found['operationId']}: {status} is without {name}"
        if not _fits(header["schema"], int(given) if given.isdigit() else given):
            return f"{found['operationId']}: {status} has another {name}"
    return _broken_body(promised.get("content", {}), headers, body, found["operationId"], status)


def _broken_body(
    content: Mapping[str, Any], headers: Mapping[str, str], body: bytes, name: str, status: int
) -> str:
    if not content:
        return f"{name}: {status} has a body" if body else ""
    kind = headers.get("content-type", "").partition(";")[0]
    promised = content.get(kind) or content.get("*/*")
    if promised is None:
        return f"{name}: {status} comes as {kind}"
    if kind == "application/json" and not _fits(promised["schema"], json.loads(body)):
        return f"{name}: {status} has another body: {body.decode()}"
    return ""


@functools.cache
def _document() -> dict[str, Any]:
    return without_further_keys(document("http://127.0.0.1"))


def _operation(path: str, method: str) -> Mapping[str, Any] | None:
    for template, item in _document()["paths"].items():
        pattern = re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(template.rstrip("/")))
        if method in item and re.fullmatch(f"{pattern}/?", path):
            operation: Mapping[str, Any] = item[method]
            return operation
    return None


def _responses(whole: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for status, given in operation["responses"].items():
        response = _found(whole, given)
        content = {
            kind: {**media, "schema": _closed(whole, media["schema"])}
            for kind, media in response.get("content", {}).items()
        }
        headers = {
            name: {
                **_found(whole, header),
                "schema": _closed(whole, _found(whole, header)["schema"]),
            }
            for name, header in response.get("headers", {}).items()
        }
        closed = {**response, "headers": headers} if headers else dict(response)
        yield status, {**closed, "content": content} if content else closed


def _found(whole: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference leads to; what stands beside it comes on top."""
    if "$ref" not in value:
        return value
    found: Any = whole
    for key in value["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return {**_found(whole, found), **{key: one for key, one in value.items() if key != "$ref"}}


def _closed(whole: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    schema = dict(_found(whole, given))
    for part in schema.pop("allOf", ()):
        other = _closed(whole, part)
        other.pop("additionalProperties", None)
        for key, value in other.items():
            mine = schema.get(key)
            if key == "properties":
                schema[key] = {**value, **(mine or {})}
            elif key == "required":
                schema[key] = [*value, *(mine or ())]
            else:
                schema.setdefault(key, value)
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
        schema["properties"] = {
            key: _closed(whole, value) for key, value in schema["properties"].items()
        }
    if "items" in schema:
        schema["items"] = _closed(whole, schema["items"])
    for key in ("oneOf", "anyOf"):
        if key in schema:
            schema[key] = [_closed(whole, one) for one in schema[key]]
    return schema


def _fits(schema: Mapping[str, Any], value: object) -> bool:
    return find_spec("jsonschema_rs") is None or _validator(json.dumps(schema)).is_valid(value)


@functools.cache
def _validator(schema: str) -> Any:
    validators = importlib.import_module("jsonschema_rs")
    return validators.Draft202012Validator(json.loads(schema), validate_formats=True)
