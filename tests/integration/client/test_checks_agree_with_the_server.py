"""What the client says about a case, a real server says too (contract, section 2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
import requests

from fulfillment_sdk import (
    CaseDefaults,
    Client,
    NewCase,
    Perpetrator,
    Person,
    Verification,
    errors,
    load_case,
    validate,
)
from tests import samples
from tests.journeys._server import SECONDS, ServerProcess
from tests.journeys._staff import Staff

GOOD = load_case(samples.body("case-minimal-fields"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("checks") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def token(server: ServerProcess) -> str:
    answer = requests.post(
        f"{server.address}/api/webhook/webform/auth/token/",
        json={"organization_name": "Checks", "organization_email": "partner@example.org"},
        timeout=SECONDS,
    )
    issued: str = answer.json()["token"]
    return issued


@pytest.fixture(scope="module")
def client(server: ServerProcess, token: str) -> Iterator[Client]:
    with Client(base_url=server.address, token=token) as client:
        yield client


def stored(server: ServerProcess, case_id: str) -> dict[str, Any]:
    """The case as the portal has it."""
    case = Staff(server).get(f"cases/{case_id}/")["request"]
    assert isinstance(case, dict)
    return case


def changed(**fields: Any) -> NewCase:
    return attrs.evolve(GOOD, **fields)


def person(**fields: Any) -> Person:
    return Person(**fields)


BAD = [
    NewCase(),
    *(changed(**{name: value}) for name in ("narrative", "plan", "status") for value in ("", " ")),
    *(changed(**{name: None}) for name in ("reporter", "gbv_related", "case_category_id")),
    changed(reporter=person(phone="0712345678")),
    changed(reporter="Jane"),
    changed(gbv_related="true"),
    changed(priority=True),
    changed(narrative=["x"]),
    changed(reporter=person(fname="x", age=1.5)),
    changed(reporter=person(fname="x", dob=[])),
    changed(clients_case=[person(), person(record_id={})]),
    changed(perpetrators_case=["Patel"]),
    changed(perpetrators_case=[Perpetrator(notes=False)]),  # type: ignore[arg-type]
    changed(verification=Verification(tat_hours=1.5)),  # type: ignore[arg-type]
    changed(verification=Verification(location="here")),  # type: ignore[arg-type]
    *(
        changed(src_ts=value)
        for value in ("2025-03-14", "1741960667824", "1e9", "-1741960667", "9999999999", "nan")
    ),
    changed(src_ts="yesterday", narrative=None, plan=["x"]),
]


@pytest.mark.parametrize("case", BAD)
def test_the_servers_word_is_the_first_of_the_clients(client: Client, case: NewCase) -> None:
    with pytest.raises(errors.InvalidCase) as told_before:
        client.cases.create(case)
    with pytest.raises(errors.BadRequest) as told_by_the_server:
        client.cases.create(case, validate=False)
    first = told_before.value.problems[0]
    assert told_by_the_server.value.message == first.message
    assert isinstance(told_by_the_server.value, errors.MissingField | errors.InvalidField)
    assert told_by_the_server.value.field == first.field
    assert tuple(told_before.value.problems) == validate(case).problems


@pytest.mark.parametrize("name", samples.CASES)
def test_what_the_client_finds_good_the_server_takes(
    client: Client, server: ServerProcess, name: str
) -> None:
    case = load_case(samples.body(name))
    created = client.cases.create(case, idempotency_key=f"good-{name}")
    assert created.status == "open"
    sent = stored(server, created.id)
    assert {key: sent[key] for key in samples.read(name) if key in sent} == {
        key: value for key, value in samples.read(name).items() if value != []
    }


def test_the_documents_commented_example_becomes_a_case(
    client: Client, server: ServerProcess
) -> None:
    case = attrs.evolve(load_case(samples.commented()), src_uid="walkin-100-commented")
    created = client.cases.create(case)
    assert stored(server, created.id)["reporter"][".id"] == "86164"


def test_an_empty_case_is_made_good_by_the_organisations_defaults(
    server: ServerProcess, token: str
) -> None:
    ours = CaseDefaults(
        gbv_related=False,
        case_category_id="362484",
        narrative="To be taken",
        src="walkin",
        src_usr="100",
    )
    told: list[str] = []
    with Client(
        base_url=server.address,
        token=token,
        case_defaults=ours,
        on_warning=lambda one: told.append(one.field),
    ) as client:
        moment = datetime(2025, 3, 14, 13, 57, 47, 824_000, tzinfo=UTC)
        child = Person(dob=date(2016, 1, 2))
        created = client.cases.create(NewCase(src_ts=moment, clients_case=[child]))
    sent = stored(server, created.id)
    assert sent["src_uid"].startswith("walkin-100-1741960667824-")
    assert sent["src_uid2"] == f"{sent['src_uid']}-2"
    assert sent["src_callid"] == sent["src_uid"]
    assert sent["src_ts"] == "1741960667.824000"
    assert sent["clients_case"] == [{"dob": "1451692800"}]
    assert (sent["reporter"], sent["plan"]) == (
        {"fname": "Client"},
        "Initial assessment required",
    )
    assert told == ["reporter.fname", "narrative", "plan"]


def test_the_same_case_with_the_same_key_is_one_case_however_much_later(client: Client) -> None:
    first = client.cases.create(GOOD, idempotency_key="again")
    assert client.cases.create(GOOD, idempotency_key="again").id == first.id
