"""What identifies or hurts a person shows in no `repr` of a model, however deep it lies."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment_sdk import models, wire
from fulfillment_sdk.client.calls.creation import Creation
from fulfillment_sdk.findings import validate
from fulfillment_sdk.models._fields import Model, specs
from tests.journeys._telltale import Telltales
from tests.unit.told import payload, whole_case

MODELS = [
    one
    for one in (getattr(models, name) for name in models.__all__)
    if isinstance(one, type) and issubclass(one, Model) and one is not Model
]


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_a_repr_shows_nothing_that_is_sensitive_nor_what_is_not_known(cls: type[Model]) -> None:
    told = Telltales()
    read = wire.load(cls, payload(cls, told, hidden_only=True))
    assert len(told) > 0
    assert told.found_in(f"{read!r} {read} {[read]} {(read,)!s}") == []


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__name__)
def test_a_repr_names_the_class_and_what_it_hides(cls: type[Model]) -> None:
    read = wire.load(cls, payload(cls, Telltales()))
    assert repr(read).startswith(f"{cls.__name__}(")
    assert all(f"{spec.name}=***" in repr(read) for spec in specs(cls) if spec.sensitive)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://partner.example/hook/", "https://partner.example/hook/"),
        ("https://me:s3cret@partner.example/", "https://***@partner.example/"),
        ("https://partner.example/?key=s3cret&who=a@b", "https://partner.example/?***"),
        ("https://me:s3cret@[::1]:9000/hook?s3cret", "https://***@[::1]:9000/hook?***"),
        ("https://partner.example/@me", "https://partner.example/@me"),
    ],
)
def test_an_address_is_shown_without_its_credentials_and_its_query(url: str, shown: str) -> None:
    subscription = models.Subscription(id="s-1", url=url)
    assert f"url={shown!r}" in repr(subscription)
    assert "s3cret" not in repr(subscription)


def test_what_is_on_its_way_shows_nothing_of_the_case_it_carries() -> None:
    told = Telltales()
    case = whole_case(told)
    call = Creation(new_id=lambda: "id-1", clock=lambda: 1_743_849_002.0).call(
        case, idempotency_key="key-1"
    )
    shown = f"{call!r} {call.keys!r} {validate(case)!r}".replace(str(case.src_uid), "")
    assert told.found_in(shown) == []


@pytest.mark.parametrize("field", ["reporter", "clients_case", "perpetrators_case", "verification"])
def test_what_stands_in_for_a_model_is_not_shown(field: str) -> None:
    told = {"fname": "Jane Smith", "age": "35"}
    given: dict[str, Any] = {field: [told] if field.endswith("_case") else told}
    case = models.NewCase(**given)
    assert repr(case) == f"NewCase({field}=***)"


def test_a_model_shows_itself_also_in_a_list() -> None:
    case = models.NewCase(clients_case=[models.Person(fname="Jane Smith", age_t="0")])
    assert repr(case) == "NewCase(clients_case=(Person(fname=***, age_t='0'),))"
