"""Authentication over the wire, by a partner without the SDK (contract, section 1)."""

from __future__ import annotations

import base64
import hmac
import json
import re
import statistics
import time
from collections.abc import Iterator
from typing import Final

import jwt
import pytest
import requests

from fulfillment_sdk.times import parse_time

from ._raw import AUTH, CASES, Partner, wrong
from ._server import SECONDS, ServerProcess

DAY: Final = 86_400
EMAIL: Final = "owner@{}.example"
REFUSED: Final = {
    "status": "error",
    "message": "Organization not authorized to access this resource",
}
NO_ENTRY: Final = {"status": "error", "message": "Invalid or expired authentication token"}
MARKER: Final = "kilimanjaro"

# The owner's address and the organisation's name of one test.
Registered = tuple[str, str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    environ = {"FULFILLMENT_REGISTRATION": "approval", "FULFILLMENT_CODE_LIMITS": "5,1000"}
    folder = tmp_path_factory.mktemp("authentication") / "data"
    with ServerProcess(folder, flags=("--dev", "--verbose"), environ=environ) as server:
        yield server


@pytest.fixture(scope="module")
def partner(server: ServerProcess) -> Iterator[Partner]:
    partner = Partner(server)
    yield partner
    partner.close()


@pytest.fixture
def nobody(request: pytest.FixtureRequest) -> Registered:
    """An address and a name that no other test uses."""
    word = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[-50:].strip("-")
    return EMAIL.format(word), f"Organization {word}"


@pytest.fixture
def owner(partner: Partner, nobody: Registered) -> Registered:
    """An address that owns an active organisation."""
    email, name = nobody
    assert partner.ask(email, name).status_code == 200
    assert partner.verify(email, name, partner.code(email)).status_code == 403
    partner.act(partner.organization_id(name), "approve")
    return email, name


def fails(answer: requests.Response, status: int, message: str) -> None:
    told = {"status": "error", "message": message}
    assert (answer.status_code, answer.json()) == (status, told)


def fresh(partner: Partner, owner: Registered) -> str:
    """Return a new token of an organisation, by mail and code."""
    assert partner.ask(*owner).status_code == 200
    answer = partner.verify(*owner, partner.code(owner[0]))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def lets_in(partner: Partner, token: str) -> bool:
    """Whether a bearer token is good for a call; where not, the answer is the contract's 401."""
    answer = partner.get(f"{CASES}subscriptions/", token=token)
    if answer.status_code == 401:
        assert answer.json() == NO_ENTRY
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    else:
        assert answer.status_code == 200
    return answer.status_code == 200


# --- Codes


def test_the_answers_are_the_documents_to_the_letter(partner: Partner, owner: Registered) -> None:
    email, name = owner
    before = time.time()
    asked = partner.ask(email, name)
    assert asked.status_code == 200
    told = asked.json()
    assert list(told) == ["status", "message", "email", "expires_at"]
    assert told["status"] == "success"
    assert told["message"] == "Verification code sent to provided email"
    assert told["email"] == email
    verified = partner.verify(email, name, partner.code(email))
    assert verified.status_code == 200
    granted = verified.json()
    assert list(granted) == ["status", "message", "token", "organization_id", "expires"]
    assert granted["status"] == "success"
    assert granted["message"] == "Email verified successfully"
    for text, seconds in ((told["expires_at"], 600), (granted["expires"], 365 * DAY)):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text)
        assert before - 1 <= parse_time(text).timestamp() - seconds <= time.time()
    assert verified.headers["Cache-Control"] == "no-store"
    assert jwt.get_unverified_header(granted["token"]).keys() == {"alg", "typ", "kid"}


def test_a_used_code_is_no_longer_pending(partner: Partner, owner: Registered) -> None:
    partner.ask(*owner)
    code = partner.code(owner[0])
    assert partner.verify(*owner, code).status_code == 200
    fails(partner.verify(*owner, code), 404, "No pending verification found for this email")


def test_a_new_code_voids_the_older_one(partner: Partner, owner: Registered) -> None:
    partner.ask(*owner)
    older = partner.code(owner[0])
    while partner.ask(*owner).status_code == 200 and partner.code(owner[0]) == older:
        pass
    fails(partner.verify(*owner, older), 400, "Invalid verification code")
    assert partner.verify(*owner, partner.code(owner[0])).status_code == 200


def test_after_five_wrong_tries_every_try_is_429_until_a_new_code(
    partner: Partner, owner: Registered
) -> None:
    partner.ask(*owner)
    code = partner.code(owner[0])
    for _ in range(5):
        fails(partner.verify(*owner, wrong(code)), 400, "Invalid verification code")
    for tried in (code, wrong(code)):
        answer = partner.verify(*owner, tried)
        fails(answer, 429, "Too many attempts")
        assert 1 <= int(answer.headers["Retry-After"]) <= 600
    partner.ask(*owner)
    assert partner.verify(*owner, partner.code(owner[0])).status_code == 200


def test_the_sixth_mail_within_an_hour_is_refused_whatever_it_would_say(
    partner: Partner, owner: Registered
) -> None:
    stranger = f"x{owner[0]}"
    for _ in range(5):
        assert partner.ask(stranger, owner[1]).status_code == 200
    answer = partner.ask(stranger, "Another")
    fails(answer, 429, "Too many attempts")
    assert 3500 <= int(answer.headers["Retry-After"]) <= 3600


def test_a_code_belongs_to_one_address_and_one_organization(
    partner: Partner, owner: Registered
) -> None:
    email, name = owner
    partner.ask(email, name)
    code = partner.code(email)
    for pair in ((f"x{email}", name), (email, f"{name} 2")):
        fails(partner.verify(*pair, code), 404, "No pending verification found for this email")
    assert partner.verify(email.upper(), f"  {name.upper()}\u00a0", code).status_code == 200


@pytest.mark.parametrize(
    ("call", "body", "message"),
    [
        ("request-verification", {}, "Email and organization name are required"),
        (
            "request-verification",
            {"email": "a@b.example"},
            "Email and organization name are required",
        ),
        ("verify-otp", {}, "Email, OTP, and organization name are required"),
        ("token", {"organization_name": "x"}, "Email and organization name are required"),
        (
            "request-verification",
            {"email": MARKER, "organization_name": "x"},
            "Invalid email address",
        ),
        (
            "verify-otp",
            {"email": MARKER, "organization_name": "x", "otp": "123456"},
            "Invalid email address",
        ),
    ],
)
def test_what_is_missing_or_no_address_is_named_and_not_repeated(
    partner: Partner, call: str, body: dict[str, object], message: str
) -> None:
    fails(partner.post(f"{AUTH}{call}/", body), 400, message)
    fails(partner.post(f"{AUTH}{call}", body), 400, message)


@pytest.mark.parametrize("call", ["request-verification", "verify-otp", "token"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"email":1,"email":2}', b'{"a":"\\ud800"}'])
def test_a_body_that_is_no_json_object_is_refused(partner: Partner, call: str, body: bytes) -> None:
    fails(partner.post(f"{AUTH}{call}/", body), 400, "Invalid JSON in request body")


# --- Organisations


def test_another_mailbox_meets_the_answers_of_a_wrong_code(
    partner: Partner, owner: Registered
) -> None:
    email, name = owner
    stranger = f"x{email}"
    theirs, ours = partner.ask(stranger, name), partner.ask(email, name)
    assert theirs.status_code == 200
    assert theirs.json().keys() == ours.json().keys()
    assert theirs.json()["message"] == ours.json()["message"]
    assert re.search(r"\b\d{6}\b", partner.last_mail(stranger)) is None
    for _ in range(5):
        fails(partner.verify(stranger, name, partner.code(email)), 400, "Invalid verification code")
    fails(partner.verify(stranger, name, "123456"), 429, "Too many attempts")
    assert partner.verify(email, name, partner.code(email)).status_code == 200


def test_of_two_mailboxes_that_ask_for_a_new_name_the_first_verified_owns_it(
    partner: Partner, nobody: Registered
) -> None:
    email, name = nobody
    first, second = f"x{email}", email
    for address in (first, second):
        assert partner.ask(address, name).status_code == 200
    assert partner.verify(second, name, partner.code(second)).status_code == 403  # to be approved
    code = partner.code(first)
    fails(partner.verify(first, name, code), 400, "Invalid verification code")
    partner.act(partner.organization_id(name), "approve")
    fails(partner.verify(first, name, code), 400, "Invalid verification code")
    assert lets_in(partner, fresh(partner, nobody))


def test_the_owner_adds_an_address_and_takes_it_away(partner: Partner, owner: Registered) -> None:
    email, name = owner
    second = f"x{email}"
    token = fresh(partner, owner)
    added = partner.post(f"{CASES}emails/", {"email": second}, token=token)
    assert added.status_code == 201
    theirs = fresh(partner, (second, name))
    assert lets_in(partner, theirs)
    removed = requests.delete(
        f"{partner.server.address}{CASES}emails/{added.json()['id']}/",
        headers={"Authorization": f"Bearer {token}"},
        timeout=SECONDS,
    )
    assert removed.status_code == 204
    assert not lets_in(partner, theirs)
    partner.ask(second, name)
    fails(partner.verify(second, name, "123456"), 400, "Invalid verification code")


def test_a_new_organization_waits_for_its_approval(partner: Partner, nobody: Registered) -> None:
    email, name = nobody
    partner.ask(email, name)
    answer = partner.verify(email, name, partner.code(email))
    waiting = REFUSED | {"detail": "Organization is awaiting approval"}
    assert (answer.status_code, answer.json()) == (403, waiting)
    partner.act(partner.organization_id(name), "approve")
    assert lets_in(partner, fresh(partner, nobody))


def test_a_deactivated_organization_is_out_at_once(partner: Partner, owner: Registered) -> None:
    token = fresh(partner, owner)
    organization_id = partner.organization_id(owner[1])
    revoked = REFUSED | {"detail": "Organization access has been revoked"}
    partner.ask(*owner)
    partner.act(organization_id, "deactivate")
    for answer in (
        partner.case({}, token),
        partner.get(f"{CASES}subscriptions/", token=token),
        partner.verify(*owner, partner.code(owner[0])),
    ):
        assert (answer.status_code, answer.json()) == (403, revoked)
    partner.act(organization_id, "activate")
    assert lets_in(partner, token)


def test_a_revoked_token_is_out_at_once_and_its_sister_is_not(
    partner: Partner, owner: Registered
) -> None:
    token, sister = fresh(partner, owner), fresh(partner, owner)
    answer = partner.post(f"{AUTH}revoke/", token=token)
    told = {"status": "success", "message": "Token revoked"}
    assert (answer.status_code, answer.json()) == (200, told)
    assert [lets_in(partner, one) for one in (token, sister)] == [False, True]
    assert partner.post(f"{AUTH}revoke/", token=token).json() == NO_ENTRY


def test_the_legacy_call_is_on_with_dev_and_registers(partner: Partner, nobody: Registered) -> None:
    email, name = nobody
    body = {"organization_name": name, "organization_email": email}
    answer = partner.post(f"{AUTH}token/", body)
    assert answer.status_code == 200
    told = answer.json()
    assert list(told) == ["status", "message", "token", "organization_id", "expires"]
    assert told["message"] == "Authentication token generated successfully."
    assert lets_in(partner, told["token"])
    other = partner.post(f"{AUTH}token/", body | {"organization_email": f"x{email}"})
    assert (other.status_code, other.json()) == (403, REFUSED)
    log = partner.server.log
    assert f"legacy call to organization {told['organization_id']}" in log
    assert "level=warning" in log


# --- Tokens


@pytest.fixture
def key(server: ServerProcess) -> tuple[str, bytes]:
    """The server's own key: what is signed with it is refused for another reason."""
    kid, _, secret = (server.folder / "jwt-keys").read_text().strip().partition(":")
    return kid, base64.b64decode(secret)


@pytest.fixture
def claims(partner: Partner) -> dict[str, object]:
    """What a good token of an active organisation says."""
    read: dict[str, object] = jwt.decode(partner.token(), options={"verify_signature": False})
    return read


def signed(header: dict[str, object], claims: object, key: bytes, digest: str = "sha256") -> str:
    """Sign a token by hand: the library refuses to make the odd ones."""
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()) for one in (header, claims)]
    head = b".".join(part.rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.digest(key, head, digest)).rstrip(b"=")
    return f"{head.decode()}.{signature.decode()}"


def test_what_the_servers_key_signs_is_let_in(
    partner: Partner, key: tuple[str, bytes], claims: dict[str, object]
) -> None:
    # The witness of the tests below: their tokens differ from this one in one thing.
    kid, secret = key
    assert sorted(claims) == ["exp", "iat", "jti", "org_id", "org_name"]
    assert lets_in(partner, signed({"alg": "HS256", "typ": "JWT", "kid": kid}, claims, secret))


@pytest.mark.parametrize(
    "kid",
    [
        *(
            None,
            "",
            "unknown",
            "../../../dev/null",
            "/dev/null",
            "' OR '1'='1",
            "x' UNION SELECT 1",
        ),
        *(0, 7, 1.5, True, [], {}, ["x"], {"x": 1}, 10**400, "k" * 2000, "\u0000", "%00"),
    ],
    ids=lambda kid: repr(kid)[:20],
)
def test_a_key_id_that_is_odd_or_unknown_is_no_entry(
    partner: Partner, key: tuple[str, bytes], claims: dict[str, object], kid: object
) -> None:
    for secret in (key[1], b"", b"\x00" * 32):
        token = signed({"alg": "HS256", "typ": "JWT", "kid": kid}, claims, secret)
        assert not lets_in(partner, token)


def test_the_servers_key_id_as_a_list_or_with_other_case_is_no_entry(
    partner: Partner, key: tuple[str, bytes], claims: dict[str, object]
) -> None:
    kid, secret = key
    for odd in ([kid], {kid: kid}, f" {kid}", f"{kid}\n", f"../{kid}", kid + "\u0000"):
        assert not lets_in(
            partner, signed({"alg": "HS256", "typ": "JWT", "kid": odd}, claims, secret)
        )
    assert not lets_in(partner, signed({"alg": "HS256", "typ": "JWT"}, claims, secret))


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        *(("none", "sha256"), ("None", "sha256"), ("NONE", "sha256"), ("", "sha256")),
        *(("HS512", "sha512"), ("HS384", "sha384"), ("hs256", "sha256"), ("RS256", "sha256")),
        *((None, "sha256"), (["HS256"], "sha256"), (256, "sha256")),
    ],
)
def test_another_algorithm_is_no_entry(
    partner: Partner,
    key: tuple[str, bytes],
    claims: dict[str, object],
    algorithm: object,
    digest: str,
) -> None:
    kid, secret = key
    token = signed({"alg": algorithm, "typ": "JWT", "kid": kid}, claims, secret, digest)
    assert not lets_in(partner, token)
    assert not lets_in(partner, token.rpartition(".")[0] + ".")


def test_another_key_or_a_changed_token_is_no_entry(
    partner: Partner, key: tuple[str, bytes], claims: dict[str, object]
) -> None:
    kid, secret = key
    header: dict[str, object] = {"alg": "HS256", "typ": "JWT", "kid": kid}
    good = signed(header, claims, secret)
    head, payload, signature = good.split(".")
    other = signed(header, claims | {"org_id": "another"}, secret).split(".")[1]
    for token in (
        signed(header, claims, b"o" * 32),
        signed(header, claims, secret + b"\x01"),
        f"{head}.{other}.{signature}",
        f"{head}.{payload}.{'A' * len(signature)}",
        f"{head}.{payload}",
        f"{head}.{payload}.{signature}.",
        f"{head}.{payload}.{signature[:-4]}",
        good[1:],
        good.upper(),
        "." * 5000,
    ):
        assert not lets_in(partner, token)
    assert lets_in(partner, good)


@pytest.mark.parametrize("name", ["org_id", "org_name", "iat", "exp", "jti"])
def test_a_token_without_a_claim_or_with_an_odd_one_is_no_entry(
    partner: Partner, key: tuple[str, bytes], claims: dict[str, object], name: str
) -> None:
    kid, secret = key
    header: dict[str, object] = {"alg": "HS256", "typ": "JWT", "kid": kid}
    lacking = {claim: value for claim, value in claims.items() if claim != name}
    assert not lets_in(partner, signed(header, lacking, secret))
    odd: list[object] = [None, [], {}, True, "" if name in ("iat", "exp") else 7]
    for value in odd:
        assert not lets_in(partner, signed(header, claims | {name: value}, secret))


def test_a_token_that_has_expired_or_is_not_yet_valid_is_no_entry(
    partner: Partner, key: tuple[str, bytes], claims: dict[str, object]
) -> None:
    kid, secret = key
    header: dict[str, object] = {"alg": "HS256", "typ": "JWT", "kid": kid}
    now = int(time.time())
    for changed in (
        {"exp": now},
        {"exp": now - 1},
        {"exp": 0},
        {"iat": now + 3600},
        {"nbf": now + 3600},
        {"iat": 1e300},
    ):
        assert not lets_in(partner, signed(header, claims | changed, secret))
    assert lets_in(partner, signed(header, claims | {"exp": now + 60}, secret))


@pytest.mark.parametrize("payload", [[], "x", 7, None, {}])
def test_a_token_that_says_nothing_is_no_entry(
    partner: Partner, key: tuple[str, bytes], payload: object
) -> None:
    kid, secret = key
    assert not lets_in(partner, signed({"alg": "HS256", "typ": "JWT", "kid": kid}, payload, secret))


@pytest.mark.parametrize("organization", ["none", "' OR 1=1 --", "\u0000", ""])
def test_a_token_of_an_organization_that_is_not_there_is_no_entry(
    partner: Partner, key: tuple[str, bytes], claims: dict[str, object], organization: str
) -> None:
    kid, secret = key
    changed = claims | {"org_id": organization}
    assert not lets_in(partner, signed({"alg": "HS256", "typ": "JWT", "kid": kid}, changed, secret))


# --- What an answer must not tell


def test_known_and_unknown_organizations_are_answered_alike_and_as_fast(
    partner: Partner, owner: Registered
) -> None:
    email, name = owner
    token = fresh(partner, owner)
    for number in range(90):
        body = {"email": f"member{number}@{email.partition('@')[2]}"}
        assert partner.post(f"{CASES}emails/", body, token=token).status_code == 201
    seconds: dict[str, list[float]] = {"member": [], "stranger": [], "nobody": []}
    shapes = set()
    for number in range(25):
        for kind, address, organization in (
            ("member", f"member{number}@{email.partition('@')[2]}", name),
            ("stranger", f"stranger{number}@x.example", name),
            ("nobody", f"nobody{number}@x.example", f"{name} that is not there"),
        ):
            begun = time.perf_counter()
            answer = partner.ask(address, organization)
            seconds[kind].append(time.perf_counter() - begun)
            told = answer.json()
            shapes.add((answer.status_code, *told, told["status"], told["message"]))
    assert len(shapes) == 1
    medians = {kind: statistics.median(times) for kind, times in seconds.items()}
    assert max(medians.values()) < 2 * min(medians.values()) + 0.005, medians


def test_no_code_address_or_token_stands_in_the_log(
    partner: Partner, server: ServerProcess, owner: Registered
) -> None:
    email, name = owner
    token = fresh(partner, owner)
    partner.ask(email, name)
    code = partner.code(email)
    partner.verify(email, name, wrong(code))
    partner.verify(email, MARKER, code)
    partner.post(f"{AUTH}{MARKER}/", {"email": MARKER})
    log = server.log
    for hidden in (email, name, token, MARKER):
        assert hidden not in log
    # Ids and durations may hold the same six digits by chance.
    assert re.search(rf"(?<![\w.]){code}(?!\w)", log) is None
    assert f"route={AUTH}verify-otp/" in log
