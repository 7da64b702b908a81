"""The client's way with the gateway as it is deployed, no option set (contract, section 6)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk import errors
from fulfillment_sdk.client import Client, Retries
from fulfillment_sdk.models import AccessToken, CreatedCase, NewCase, Person
from fulfillment_sdk.wire import load
from tests.fakes.deployed_gateway import Behaviour, DeployedGateway, serving

SAMPLES = Path(__file__).parents[2] / "samples"
NOW = 1795291120.5
EMAIL = "your-company-email@example.com"
NAME = "Your Organization Name"
# Documented, and refused there as it stands: a boolean, and blanks where nothing is to be said.
CASE = NewCase(
    src_address="",
    reporter=Person(fname="Jane Smith", phone=""),
    gbv_related=True,
    case_category_id="362484",
    narrative="Told in confidence.",
    plan="Initial assessment required",
    justice_id=" ",
    priority="2",
    status="1",
)
WITHOUT_A_FLAG = attrs.evolve(CASE, gbv_related=None, src_address=None, justice_id=None)

Refusal = type[errors.APIError]


@pytest.fixture
def gateway() -> DeployedGateway:
    return DeployedGateway(clock=lambda: NOW)


@pytest.fixture
def base_url(gateway: DeployedGateway) -> Iterator[str]:
    with serving(gateway) as base_url:
        yield base_url


@pytest.fixture
def stranger(base_url: str) -> Iterator[Client]:
    """A client without a token."""
    with Client(base_url=base_url, retries=Retries.without_waiting(), clock=lambda: NOW) as client:
        yield client


@pytest.fixture
def client(stranger: Client, gateway: DeployedGateway) -> Client:
    """A client that went the whole way to its token."""
    verified(stranger, gateway)
    gateway.requests.clear()
    return stranger


def verified(client: Client, gateway: DeployedGateway, *, name: str = NAME) -> AccessToken:
    client.auth.request_verification(email=EMAIL, organization_name=name)
    return client.auth.verify_otp(
        email=EMAIL, otp=gateway.mail.code_for(EMAIL), organization_name=name
    )


def another(base_url: str, gateway: DeployedGateway, *, timeout: float = 35.0) -> Client:
    """A new client with a token of the same organisation, which has learnt nothing yet."""
    token, _end = gateway.organizations.issue(gateway.organizations.named(NAME))
    return Client(
        base_url=base_url,
        token=token,
        timeout=timeout,
        retries=Retries.without_waiting(),
        clock=lambda: NOW,
    )


# From an e-mail address to a token


def test_an_address_becomes_a_token_that_creates_cases(
    stranger: Client, gateway: DeployedGateway
) -> None:
    sent = stranger.auth.request_verification(email=EMAIL, organization_name=NAME)
    assert (sent.status, sent.message) == ("success", "Verification code sent to provided email")
    token = stranger.auth.verify_otp(
        email=EMAIL, otp=f" {gateway.mail.code_for(EMAIL)} ", organization_name=NAME
    )
    assert (token.status, token.message) == ("success", "Email verified successfully")
    assert token.organization_id in gateway.organizations.all
    assert stranger.cases.create(CASE).id == "31661"


def test_its_times_are_read_with_an_offset_and_without_any_zone(
    stranger: Client, gateway: DeployedGateway
) -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    sent = stranger.auth.request_verification(email=EMAIL, organization_name=NAME)
    assert sent.expires_at.endswith("+00:00")
    assert sent.expiry == now + timedelta(minutes=10)
    token = verified(stranger, gateway)
    assert token.expires[-1].isdecimal()
    assert token.expiry == now + timedelta(days=365)


def test_each_way_to_fail_with_a_code_has_its_error(
    stranger: Client, gateway: DeployedGateway
) -> None:
    def verify(code: str) -> None:
        stranger.auth.verify_otp(email=EMAIL, otp=code, organization_name=NAME)

    with pytest.raises(errors.NoPendingVerification):
        verify("000000")
    gateway.verifications.new_code = lambda: "365425"
    stranger.auth.request_verification(email=EMAIL, organization_name=NAME)
    with pytest.raises(errors.WrongCode):
        verify("000000")
    gateway.clock = lambda: NOW + 600
    with pytest.raises(errors.CodeExpired):
        verify("365425")
    gateway.clock = lambda: NOW
    verify("365425")
    with pytest.raises(errors.NoPendingVerification):
        verify("365425")


def test_a_mail_that_cannot_be_sent_is_the_servers_failure_and_not_tried_again(
    stranger: Client, gateway: DeployedGateway
) -> None:
    gateway.mail.down = True
    with pytest.raises(errors.ServerError, match="Failed to send verification email"):
        stranger.auth.request_verification(email=EMAIL, organization_name=NAME)
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(("email", "name"), [("", NAME), (EMAIL, "")])
def test_a_request_that_lacks_something_is_a_bad_one(
    stranger: Client, email: str, name: str
) -> None:
    with pytest.raises(errors.BadRequest, match="Email and organization name are required"):
        stranger.auth.request_verification(email=email, organization_name=name)


def test_the_legacy_call_is_not_offered(stranger: Client) -> None:
    with pytest.raises(errors.NotOffered) as raised:
        stranger.auth.legacy_token(organization_name=NAME, organization_email=EMAIL)
    assert raised.value.feature == "legacy token"


# Creating a case


def test_what_it_refuses_to_read_is_written_once_as_it_reads(
    client: Client, gateway: DeployedGateway
) -> None:
    created = client.cases.create(CASE, idempotency_key="k1")
    assert [request.method for request in gateway.requests] == ["POST", "POST"]
    first, second = (json.loads(request.body) for request in gateway.requests)
    assert (first["gbv_related"], first["src_address"], first["justice_id"]) == (True, "", " ")
    assert second["gbv_related"] == "1"
    assert second.keys() == first.keys() - {"src_address", "justice_id"}
    assert second["narrative"] == "Told in confidence."
    assert (second["src_uid"], second["reporter"]) == ("k1", {"fname": "Jane Smith"})
    (complaint,) = gateway.complaints
    assert complaint.data == second
    assert created.raw["complaint_id"] == complaint.id


def test_it_is_remembered_for_the_session_and_by_no_other(
    client: Client, gateway: DeployedGateway, base_url: str
) -> None:
    for _ in range(3):
        client.cases.create(CASE)
    assert len(gateway.requests) == 2 + 1 + 1
    assert len(gateway.complaints) == 3
    with another(base_url, gateway) as fresh:
        fresh.cases.create(CASE)
    assert len(gateway.requests) == 4 + 2


def test_threads_that_learn_it_at_the_same_time_make_one_case_each(
    client: Client, gateway: DeployedGateway
) -> None:
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda _: client.cases.create(CASE), range(16)))
    assert len({one.id for one in created}) == len(gateway.complaints) == 16
    assert len(gateway.requests) <= 16 + 8


def test_the_result_says_which_key_the_id_came_from(client: Client) -> None:
    created = client.cases.create(CASE)
    assert (created.id, created.reference_number) == ("31661", "lwf31661")
    assert created.id_source == "helpline_response.case_id"
    assert (created.status, created.created_at, created.assigned_to) == (None, None, None)
    assert created.raw["status"] == "success"


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("case-*.json")))
def test_the_documents_own_bodies_are_taken(
    client: Client, gateway: DeployedGateway, name: str
) -> None:
    document = json.loads((SAMPLES / f"{name}.json").read_bytes())
    if name == "case-completed":
        document = document["data"]["case"]["request"]
    created = client.cases.create(load(NewCase, document))
    assert created.reference_number == f"lwf{created.id}"
    (complaint,) = gateway.complaints
    assert complaint.data["gbv_related"] == ("1" if document["gbv_related"] else "0")
    assert complaint.data["narrative"] == document["narrative"]


def test_it_announces_nothing(client: Client) -> None:
    client.cases.create(CASE)
    assert client.features == frozenset()


# Refusals


@pytest.mark.parametrize(
    ("case", "kind", "field"),
    [
        (attrs.evolve(CASE, narrative=" "), errors.MissingField, "narrative"),
        (attrs.evolve(CASE, plan="", priority=""), errors.MissingField, "plan"),
        (attrs.evolve(CASE, narrative="a\x00b"), errors.InvalidField, "narrative"),
        (attrs.evolve(CASE, extra={"conversation": 999999}), errors.InvalidField, "conversation"),
        (
            attrs.evolve(CASE, extra={"reporter_nickname": "x" * 101}),
            errors.InvalidField,
            "reporter_nickname",
        ),
    ],
)
@pytest.mark.parametrize("learnt", [False, True])
def test_another_refusal_is_told_with_its_field_and_stores_nothing(
    client: Client,
    gateway: DeployedGateway,
    case: NewCase,
    kind: Refusal,
    field: str,
    learnt: bool,
) -> None:
    if learnt:
        client.cases.create(CASE)
    before = len(gateway.requests), len(gateway.complaints)
    with pytest.raises(errors.BadRequest) as raised:
        client.cases.create(case, validate=False)
    assert isinstance(raised.value, errors.MissingField | errors.InvalidField)
    assert (type(raised.value), raised.value.field) == (kind, field)
    assert "999999" not in str(raised.value)
    assert (len(gateway.requests), len(gateway.complaints)) == (before[0] + 1, before[1])


def test_what_any_server_would_refuse_is_told_before_it_is_sent(
    client: Client, gateway: DeployedGateway
) -> None:
    with pytest.raises(errors.InvalidCase) as raised:
        client.cases.create(attrs.evolve(CASE, narrative=" ", plan=""))
    assert [problem.field for problem in raised.value.problems] == ["narrative", "plan"]
    assert gateway.requests == []


def no_token(client: Client, gateway: DeployedGateway) -> None:
    gateway.organizations.all.clear()


def old_token(client: Client, gateway: DeployedGateway) -> None:
    gateway.clock = lambda: NOW + 365 * 24 * 3600


def deactivation(client: Client, gateway: DeployedGateway) -> None:
    for one in gateway.organizations.all:
        gateway.organizations.deactivate(one)


@pytest.mark.parametrize(
    ("happens", "kind"),
    [
        (no_token, errors.Unauthorized),
        (old_token, errors.Unauthorized),
        (deactivation, errors.Forbidden),
    ],
)
def test_a_token_that_is_worth_nothing_any_more_is_told(
    client: Client,
    gateway: DeployedGateway,
    happens: Callable[[Client, DeployedGateway], None],
    kind: Refusal,
) -> None:
    happens(client, gateway)
    with pytest.raises(kind):
        client.cases.create(CASE)
    assert (len(gateway.requests), gateway.complaints) == (1, [])


def test_a_client_without_a_token_is_told_to_get_one(
    stranger: Client, gateway: DeployedGateway
) -> None:
    with pytest.raises(errors.Unauthorized, match="Obtain a new token"):
        stranger.cases.create(CASE)
    assert len(gateway.requests) == 1


# When what is behind it fails


@pytest.mark.parametrize("behaviour", [Behaviour.EMPTY_CASES, Behaviour.FAILS])
def test_a_complaint_that_was_not_forwarded_is_no_case_and_not_sent_again(
    client: Client, gateway: DeployedGateway, behaviour: Behaviour
) -> None:
    gateway.upstream.behaviour = behaviour
    with pytest.raises(errors.CaseNotForwarded) as raised:
        client.cases.create(CASE)
    (complaint,) = gateway.complaints
    assert raised.value.complaint_id == complaint.id
    assert complaint.id in str(raised.value)
    assert len(gateway.requests) == 2


def test_an_upstream_that_hangs_leaves_the_outcome_unknown(gateway: DeployedGateway) -> None:
    gateway.upstream.hang()
    with serving(gateway) as base_url:
        with (
            another(base_url, gateway, timeout=0.3) as hasty,
            pytest.raises(errors.OutcomeUnknown) as raised,
        ):
            hasty.cases.create(WITHOUT_A_FLAG, idempotency_key="k1", validate=False)
        assert gateway.upstream.reached.wait(10)
    # By now the gateway has worked off whatever waited for the one that hung.
    assert (raised.value.idempotency_key, raised.value.src_uid) == ("k1", "k1")
    assert len(gateway.requests) == len(gateway.complaints) == len(gateway.upstream.cases) == 1


def test_a_worker_that_was_killed_leaves_the_outcome_unknown(
    client: Client, gateway: DeployedGateway
) -> None:
    gateway.upstream.hang()
    gateway.upstream.worker_limit = 0.0
    with pytest.raises(errors.OutcomeUnknown) as raised:
        client.cases.create(attrs.evolve(CASE, src_uid="walkin-1"), idempotency_key="k1")
    assert (raised.value.idempotency_key, raised.value.src_uid) == ("k1", "walkin-1")
    assert len(gateway.complaints) == 1


def test_a_gateway_that_breaks_with_the_complaint_in_its_store_leaves_the_outcome_unknown(
    client: Client, gateway: DeployedGateway
) -> None:
    gateway.upstream.behaviour = Behaviour.CHOKES
    with pytest.raises(errors.OutcomeUnknown):
        client.cases.create(CASE)
    assert len(gateway.complaints) == 1


def test_one_create_never_makes_a_second_case(gateway: DeployedGateway, base_url: str) -> None:
    def killed() -> None:
        gateway.upstream.hang()
        gateway.upstream.worker_limit = 0.0

    for number, behaviour in enumerate([*Behaviour, killed, killed], start=1):
        if isinstance(behaviour, Behaviour):
            gateway.upstream.behaviour = behaviour
        else:
            gateway.upstream.behaviour = Behaviour.CREATES
            behaviour()
        with another(base_url, gateway) as client, suppress(errors.FulfillmentError):
            client.cases.create(CASE)
        assert len(gateway.complaints) == number
        assert len(gateway.requests) == 2 * number


def test_a_gateway_that_is_not_there_has_surely_made_no_case(gateway: DeployedGateway) -> None:
    with serving(gateway) as base_url:
        pass
    with another(base_url, gateway) as client, pytest.raises(errors.ConnectionFailed):
        client.cases.create(CASE)
    assert gateway.requests == []


def test_nothing_of_the_case_or_the_token_is_shown_whatever_happens(
    client: Client, gateway: DeployedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[CreatedCase | errors.FulfillmentError] = []
    for behaviour in Behaviour:
        gateway.upstream.behaviour = behaviour
        try:
            told.append(client.cases.create(CASE))
        except errors.FulfillmentError as error:
            told.append(error)
    shown = caplog.text + "".join(f"{one}{one!r}" for one in told)
    assert len(told) == len(Behaviour)
    token = gateway.requests[-1].headers["authorization"].removeprefix("Bearer ")
    for secret in ("Jane Smith", "Told in confidence", token):
        assert secret not in shown


# What it does not have


LACKED: list[tuple[str, Callable[[Client], object]]] = [
    ("token revocation", lambda client: client.auth.revoke()),
    ("cases", lambda client: list(client.cases.list())),
    ("cases", lambda client: client.cases.get("31661")),
    ("cases", lambda client: client.cases.cancel("31661")),
    ("reports", lambda client: client.cases.download_report("31661")),
    ("reports", lambda client: client.cases.reissue_report("31661")),
    ("files", lambda client: client.cases.download_file("31661", "file_1")),
    ("attachments", lambda client: client.attachments.upload(b"The gate is blue.")),
    ("subscriptions", lambda client: client.subscriptions.create(url="https://example.com/h")),
    ("subscriptions", lambda client: list(client.subscriptions.list())),
    ("subscriptions", lambda client: client.subscriptions.get("sub_1")),
    ("subscriptions", lambda client: client.subscriptions.update("sub_1", enabled=True)),
    ("subscriptions", lambda client: client.subscriptions.delete("sub_1")),
    ("subscriptions", lambda client: client.subscriptions.rotate_secret("sub_1")),
    ("subscriptions", lambda client: client.subscriptions.test("sub_1")),
    ("subscriptions", lambda client: list(client.subscriptions.deliveries("sub_1"))),
    ("subscriptions", lambda client: client.subscriptions.replay("dlv_1")),
    (
        "subscriptions",
        lambda client: client.subscriptions.recover("sub_1", since="2025-04-05T00:00:00Z"),
    ),
    ("emails", lambda client: list(client.emails.list())),
    ("emails", lambda client: client.emails.add("colleague@example.org")),
    ("emails", lambda client: client.emails.remove("eml_1")),
    ("events", lambda client: list(client.events.iterate())),
    ("events", lambda client: client.events.page(case_id="31661")),
]


@pytest.mark.parametrize("has_token", [False, True])
@pytest.mark.parametrize(("feature", "ask"), LACKED)
def test_what_it_lacks_is_not_offered(
    stranger: Client,
    gateway: DeployedGateway,
    ask: Callable[[Client], object],
    feature: str,
    has_token: bool,
) -> None:
    if has_token:
        verified(stranger, gateway)
    before = len(gateway.requests)
    with pytest.raises(errors.NotOffered) as raised:
        ask(stranger)
    assert raised.value.feature == feature
    assert len(gateway.requests) == before + 1


def test_a_report_that_is_not_offered_leaves_no_file(client: Client, tmp_path: Path) -> None:
    with pytest.raises(errors.NotOffered):
        client.cases.download_report("31661", to=tmp_path / "report.pdf")
    assert list(tmp_path.iterdir()) == []
