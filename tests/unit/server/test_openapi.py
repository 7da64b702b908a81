"""The document says what the gateway offers: every call, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Mount, Route

from fulfillment_sdk import strictjson
from fulfillment_sdk.models._fields import specs
from fulfillment_sdk.models.case import (
    AttachmentRef,
    Location,
    NewCase,
    Perpetrator,
    Person,
    Service,
    Verification,
)
from fulfillment_sdk.server.gateway import create_gateway
from fulfillment_sdk.server.gateway.api_document import PATH
from fulfillment_sdk.server.openapi import EVERYWHERE, Overlap, document, joined
from tests import samples
from tests.integration.gateway.parts import make_settings

METHODS = {"get", "post", "put", "patch", "delete"}
DOCUMENT = document("https://gateway.example/")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield method.upper(), path, operation


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "$ref":
                yield one
            else:
                yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def found(reference: str) -> Any:
    value: Any = DOCUMENT
    for key in reference.removeprefix("#/").split("/"):
        value = value[key]
    return value


def schema(name: str) -> Any:
    return DOCUMENT["components"]["schemas"][name]


def test_every_call_that_partners_have_is_in_it_and_nothing_else() -> None:
    gateway = create_gateway(make_settings(Path("nowhere"), dev=True))
    [partners] = [one for one in gateway.routes if getattr(one, "name", "") == "partners"]
    assert isinstance(partners, Mount)
    served = {
        (method, f"{partners.path}{route.path.rstrip('/')}/")
        for route in partners.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert {(method, path) for method, path, _ in operations()} == served | {("GET", PATH)}


def test_every_call_says_what_it_is_and_may_always_be_refused() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for _, path, operation in operations():
        assert operation["summary"]
        assert set(operation["tags"]) <= tags
        needed = {"429"} if path == PATH else {"429", "503"}
        if "security" not in operation:
            needed |= {"401", "403"}
        assert needed <= set(operation["responses"]), path


def test_what_is_referred_to_is_there_and_what_is_there_is_referred_to() -> None:
    named = set(references(DOCUMENT))
    for reference in named:
        assert found(reference) is not None
    kinds = DOCUMENT["components"].items()
    there = {
        f"#/components/{kind}/{name}"
        for kind, some in kinds
        if kind != "securitySchemes"
        for name in some
    }
    assert there == named


def test_it_names_the_gateway_as_partners_reach_it() -> None:
    assert DOCUMENT["servers"] == [{"url": "https://gateway.example"}]
    assert document("http://other")["servers"] == [{"url": "http://other"}]


def test_its_examples_are_the_documents_own_to_the_letter() -> None:
    examples = DOCUMENT["components"]["examples"]
    for name, example in examples.items():
        assert strictjson.parse(strictjson.dumps(example["value"])) == samples.read(name), name
    assert set(samples.CASES) <= set(examples)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("NewCase", NewCase),
        ("Reporter", Person),
        ("Person", Person),
        ("Perpetrator", Perpetrator),
        ("AttachmentRef", AttachmentRef),
        ("Service", Service),
        ("Verification", Verification),
        ("Location", Location),
    ],
)
def test_its_fields_are_those_of_the_models(name: str, model: Any) -> None:
    assert list(schema(name)["properties"]) == [spec.wire for spec in specs(model)]


def test_a_file_is_told_from_a_text_in_the_older_way_too() -> None:
    upload = DOCUMENT["paths"]["/api/webhook/webform/attachments/"]["post"]["requestBody"]
    part = upload["content"]["multipart/form-data"]["schema"]["properties"]["file"]
    assert (part["type"], part["format"]) == ("string", "binary")
    downloads = [
        content["schema"]
        for _, _, operation in operations()
        for answer in operation["responses"].values()
        for kind, content in answer.get("content", {}).items()
        if kind != "application/json"
    ]
    assert [one["format"] for one in downloads] == ["binary"] * 2


def test_every_answer_has_the_headers_of_every_answer() -> None:
    for _, path, operation in operations():
        for status, response in operation["responses"].items():
            headers = (found(response["$ref"]) if "$ref" in response else response)["headers"]
            assert set(EVERYWHERE) <= set(headers), (path, status)


def test_a_completion_is_described_whole() -> None:
    data: Any = samples.read("case-completed")["data"]
    described = {**schema("StatusChange")["properties"], **schema("Completion")["properties"]}
    assert {*data, "case_category_id"} == set(described)  # beyond the contract's own example
    for name, at in (("case", data["case"]), ("form_submissions", data["form_submissions"][0])):
        written = described[name].get("items", described[name])
        assert set(at) == set(written["properties"]) == set(written["required"]), name
    assert set(data["qc_review"]) == set(schema("Review")["properties"])


def test_two_parts_that_say_the_same_are_a_mistake() -> None:
    paths: dict[str, object] = {"paths": {"/a/": {"get": {}}}}
    assert joined(paths, {"paths": {"/b/": {}}}) == {"paths": {"/a/": {"get": {}}, "/b/": {}}}
    with pytest.raises(Overlap) as overlap:
        joined(paths, {"paths": {"/a/": {"get": {}}}})
    assert overlap.value.path == "/paths//a//get"
