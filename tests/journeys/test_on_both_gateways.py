"""One partner's way, the same against the deployed gateway and against a real `fulfillment serve`.

No option of the client says which of the two it is (contract, section 6).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import attrs
import pytest

from fulfillment_sdk import AttachmentRef, Client, NewCase, Perpetrator, Person, errors
from fulfillment_sdk.client import Retries
from fulfillment_sdk.models import AccessToken, CodeSent

from ._grounds import Ground, deployed, reference
from ._line import Fault
from ._raw import wrong

NUMBERS = count(1)
NARRATIVE = "Mtoto alipigwa nyumbani 😢, and nobody was told."
# Whatever the deployed gateway reads otherwise than its documents say is in it.
CASE = NewCase(
    src_address="",
    src_ts=datetime(2025, 4, 5, 10, 30, 2, tzinfo=UTC),
    reporter=Person(fname="Wanjiru Otieno", phone="0712345678", email="", landmark=" "),
    clients_case=[Person(fname="Sarah Kiptoo", age="28", national_id=""), Person(fname="Achieng")],
    perpetrators_case=[Perpetrator(fname="Robert Kiptoo", phone="")],
    attachments_case=[],
    knowabout116_id="",
    gbv_related=True,
    case_category_id="362485",
    narrative=NARRATIVE,
    plan="Refer to legal aid.\nFollow up within a week.",
    justice_id=" ",
    assessment_id="",
    priority="1",
    status="1",
    escalated_to_id="0",
    extra={"our_reference": "W-17", "our_flags": {"urgent": "yes", "note": ""}},
)
PRIVATE = ("Wanjiru", "Otieno", "0712345678", "Kiptoo", "Achieng", "alipigwa", "legal aid")


@pytest.fixture(scope="module", params=[deployed, reference])
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    with request.param(tmp_path_factory.mktemp("ground")) as ground:
        yield ground


@attrs.frozen
class Partner:
    """An organization, the mailbox that acts for it, its client, and the token of that."""

    number: int
    client: Client
    token: str = ""

    @property
    def name(self) -> str:
        return f"Shelter {self.number}"

    @property
    def email(self) -> str:
        return f"intake@shelter-{self.number}.example"

    @property
    def key(self) -> str:
        return f"walkin-{self.number}-17"

    def ask(self) -> CodeSent:
        return self.client.auth.request_verification(email=self.email, organization_name=self.name)

    def verify(self, code: str) -> AccessToken:
        return self.client.auth.verify_otp(email=self.email, otp=code, organization_name=self.name)


def new_client(ground: Ground, *, token: str | None = None) -> Client:
    """A client that knows nothing of the gateway yet."""
    return Client(base_url=ground.line.address, token=token, retries=Retries.without_waiting())


@pytest.fixture
def stranger(ground: Ground) -> Iterator[Partner]:
    """A partner without a token."""
    with new_client(ground) as client:
        yield Partner(next(NUMBERS), client)
    left = list(ground.line.faults)
    ground.line.faults.clear()
    assert left == []


@pytest.fixture
def partner(stranger: Partner, ground: Ground) -> Partner:
    """A partner that went the whole way to its token, and whose client has met the gateway."""
    stranger.ask()
    token = stranger.verify(ground.code(stranger.email)).token
    stranger.client.cases.create(CASE)
    return attrs.evolve(stranger, token=token)


def written(case: dict[str, object]) -> dict[str, object]:
    """What is in a case, however it came to be written."""
    flag = {"1": True, "0": False}
    kept = {name: _filled(value) for name, value in case.items()}
    kept["gbv_related"] = flag.get(str(case["gbv_related"]), case["gbv_related"])
    return {name: value for name, value in kept.items() if value not in (None, [], {})}


def _filled(value: object) -> object:
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, list):
        return [_filled(inner) for inner in value]
    if isinstance(value, dict):
        kept = {name: _filled(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not None}
    return value


def test_from_an_address_to_a_case_and_to_the_end_of_the_organization(
    stranger: Partner, ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[errors.FulfillmentError] = []

    @contextmanager
    def refused(kind: type[errors.FulfillmentError]) -> Iterator[None]:
        with pytest.raises(kind) as raised:
            yield
        assert type(raised.value) is kind
        told.append(raised.value)

    with refused(errors.Unauthorized):
        stranger.client.cases.create(CASE)
    with refused(errors.NoPendingVerification):
        stranger.verify("123456")
    sent = stranger.ask()
    assert timedelta(minutes=9) < sent.expiry - datetime.now(UTC) < timedelta(minutes=11)
    code = ground.code(stranger.email)
    with refused(errors.WrongCode):
        stranger.verify(wrong(code))
    token = stranger.verify(f" {code}\n")
    assert timedelta(days=364) < token.expiry - datetime.now(UTC) < timedelta(days=366)
    with refused(errors.NoPendingVerification):
        stranger.verify(code)

    held, passed = len(ground.cases()), len(ground.line.passed)
    created = stranger.client.cases.create(CASE)
    assert len(ground.line.passed) - passed == ground.writings
    assert created.id
    assert created.reference_number
    assert created.id_source in {"id", "helpline_response.case_id"}
    assert created.status in {"open", None}
    assert created.created is None or created.created.utcoffset() == timedelta(0)
    again = stranger.client.cases.create(CASE)
    assert again.id != created.id
    assert len(ground.line.passed) - passed == ground.writings + 1
    assert [case["narrative"] for case in ground.cases()[held:]] == [NARRATIVE, NARRATIVE]

    ground.deactivate(token.organization_id)
    with refused(errors.OrganizationInactive):
        stranger.client.cases.create(CASE)
    assert len(ground.cases()) == held + 2

    shown = "".join(f"{one}\n{one!r}\n" for one in (*told, sent, token, created, again))
    secrets = (*PRIVATE, token.token, token.token.rpartition(".")[2], code, stranger.email)
    assert [secret for secret in secrets if secret in shown + caplog.text] == []


def test_a_case_arrives_with_everything_that_was_said_in_it(
    partner: Partner, ground: Ground
) -> None:
    held = len(ground.cases())
    partner.client.cases.create(CASE, idempotency_key=partner.key)
    (case,) = ground.cases()[held:]
    assert case["src_uid"] == partner.key
    said = written(case)
    assert said["gbv_related"] is True
    assert said["clients_case"] == [{"fname": "Sarah Kiptoo", "age": "28"}, {"fname": "Achieng"}]
    assert said["perpetrators_case"] == [{"fname": "Robert Kiptoo"}]
    assert said["reporter"] == {"fname": "Wanjiru Otieno", "phone": "0712345678"}
    assert (said["our_reference"], said["our_flags"]) == ("W-17", {"urgent": "yes"})
    assert said["plan"] == CASE.plan
    assert said["src_ts"] == CASE.src_ts
    assert not said.keys() & {"src_address", "knowabout116_id", "justice_id", "assessment_id"}


def test_what_is_wrong_with_a_case_is_told_before_it_is_sent(
    partner: Partner, ground: Ground
) -> None:
    passed = len(ground.line.passed)
    with pytest.raises(errors.InvalidCase) as raised:
        partner.client.cases.create(attrs.evolve(CASE, narrative=" ", plan="", src_ts="tomorrow"))
    assert [one.field for one in raised.value.problems] == ["narrative", "plan", "src_ts"]
    assert len(ground.line.passed) == passed


def test_what_the_server_has_against_a_case_is_told_with_its_field(
    partner: Partner, ground: Ground
) -> None:
    held = len(ground.cases())
    with pytest.raises(errors.MissingField) as raised:
        partner.client.cases.create(attrs.evolve(CASE, narrative=" "), validate=False)
    assert raised.value.field == "narrative"
    assert len(ground.cases()) == held


def test_wrong_codes_end_in_an_error_of_their_own_and_never_in_a_token(
    stranger: Partner, ground: Ground
) -> None:
    stranger.ask()
    code = ground.code(stranger.email)
    for _ in range(5):
        with pytest.raises(errors.WrongCode):
            stranger.verify(wrong(code))
    with pytest.raises(ground.worn_out):
        stranger.verify(wrong(code))
    stranger.ask()
    assert stranger.verify(ground.code(stranger.email)).token


def test_a_token_that_is_none_is_refused_and_the_refusal_keeps_it_to_itself(
    stranger: Partner, ground: Ground
) -> None:
    bad = "eyJhbGciOiJub25lIn0.eyJvcmdfbmFtZSI6IlNoZWx0ZXIifQ.c2lnbmVkLWJ5LW5vYm9keQ"
    for token in (bad, "not.a.token"):
        other = stranger.client.with_options(token=token)
        with pytest.raises(errors.Unauthorized) as raised:
            other.cases.create(CASE)
        assert token not in str(raised.value) + repr(raised.value)


def test_an_answer_that_was_lost_makes_no_second_case(partner: Partner, ground: Ground) -> None:
    for fault in (Fault.ANSWER_LOST, Fault.CUT):
        held = len(ground.cases())
        ground.line.faults.append(fault)
        if ground.idempotent:
            created = partner.client.cases.create(CASE)
            assert created.id
        else:
            with pytest.raises(errors.OutcomeUnknown) as raised:
                partner.client.cases.create(CASE)
            assert raised.value.src_uid
            assert ground.cases()[-1]["src_uid"] == raised.value.src_uid
        assert len(ground.cases()) == held + 1


def test_an_unknown_outcome_carries_what_finds_the_case_again(
    partner: Partner, ground: Ground
) -> None:
    held = len(ground.cases())
    once = partner.client.with_options(retries=0)
    ground.line.faults.append(Fault.ANSWER_LOST)
    with pytest.raises(errors.OutcomeUnknown) as raised:
        once.cases.create(CASE, idempotency_key=partner.key)
    key = raised.value.idempotency_key
    assert key == raised.value.src_uid == partner.key
    assert [case["src_uid"] for case in ground.cases()[held:]] == [key]
    assert not any(private in str(raised.value) for private in PRIVATE)
    if ground.idempotent:
        assert "Repeat it unchanged" in raised.value.remedy
        partner.client.cases.create(CASE, idempotency_key=key)
        assert len(ground.cases()) == held + 1
    else:
        assert "operator" in raised.value.remedy


def test_a_client_that_never_had_an_answer_does_not_send_again(
    partner: Partner, ground: Ground
) -> None:
    held, passed = len(ground.cases()), len(ground.line.passed)
    ground.line.faults.append(Fault.ANSWER_LOST)
    with new_client(ground, token=partner.token) as fresh, pytest.raises(errors.OutcomeUnknown):
        fresh.cases.create(CASE)
    assert len(ground.line.passed) == passed + 1
    # The deployed gateway had refused its boolean, and stored nothing.
    assert len(ground.cases()) - held == (1 if ground.idempotent else 0)


def test_a_redirect_is_never_followed_and_a_page_is_no_case(
    partner: Partner, ground: Ground
) -> None:
    held, passed = len(ground.cases()), len(ground.line.passed)
    ground.line.faults.append(Fault.MOVED)
    with pytest.raises(errors.UnexpectedAnswer, match="redirects are never followed"):
        partner.client.cases.create(CASE)
    ground.line.faults.append(Fault.PAGE)
    with pytest.raises(errors.UnexpectedAnswer, match="without a JSON object"):
        partner.client.cases.create(CASE)
    for fault in (Fault.MOVED, Fault.PAGE):
        ground.line.faults.append(fault)
        with pytest.raises(errors.UnexpectedAnswer):
            partner.ask()
    assert (len(ground.cases()), len(ground.line.passed)) == (held, passed)


def test_while_nothing_behind_the_gateway_makes_cases_there_is_an_error_and_no_case(
    partner: Partner, ground: Ground
) -> None:
    held = len(ground.cases())
    key = partner.key
    with ground.without_casework():
        passed = len(ground.line.passed)
        with pytest.raises(ground.not_made) as raised:
            partner.client.cases.create(CASE, idempotency_key=key)
        if isinstance(raised.value, errors.CaseNotForwarded):
            assert raised.value.complaint_id in str(raised.value)
            assert len(ground.line.passed) == passed + 1
    assert len(ground.cases()) == held
    if ground.idempotent:
        # A 503 may be repeated under the same key, once there is somebody to make it.
        created = [partner.client.cases.create(CASE, idempotency_key=key).id for _ in range(2)]
        assert len(set(created)) == 1
        assert len(ground.cases()) == held + 1


def test_what_a_server_has_beyond_the_documents_works_or_is_not_offered(
    partner: Partner, ground: Ground
) -> None:
    created = partner.client.cases.create(CASE)
    offered = {"events", "subscriptions", "attachments"} & partner.client.features
    assert bool(offered) is ground.idempotent
    if ground.idempotent:
        stored = partner.client.attachments.upload(b"%PDF-1.7\n%", file_name="a.pdf")
        reference = AttachmentRef(attachment_id=stored.attachment_id)
        attached = attrs.evolve(CASE, attachments_case=[reference])
        assert partner.client.cases.create(attached).id
        assert partner.client.cases.get(created.id).id == created.id
        return
    for ask in (
        lambda: partner.client.cases.get(created.id),
        lambda: partner.client.attachments.upload(b"%PDF-1.7\n%"),
        lambda: list(partner.client.subscriptions.list()),
        lambda: partner.client.events.page(),
        lambda: partner.client.auth.revoke(),
    ):
        with pytest.raises(errors.NotOffered):
            ask()
    assert partner.client.cases.create(CASE).id
