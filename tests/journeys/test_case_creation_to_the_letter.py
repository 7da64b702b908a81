"""Case creation over the wire, by a partner without the SDK (contract, section 2)."""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
import zlib
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import jwt
import pytest
import requests

from fulfillment_sdk import strictjson
from fulfillment_sdk.models import NewCase
from fulfillment_sdk.models._fields import Model, specs
from tests import samples

from ._raw import AUTH, CASES, JSON, Partner, listening
from ._server import SECONDS, ServerProcess
from ._staff import Staff

MARKER: Final = "kilimanjaro"
LIMIT: Final = 1024 * 1024
RATE: Final = 400
NO_JSON: Final = {"error": "Invalid JSON in request body"}
NO_ENTRY: Final = {"status": "error", "message": "Invalid or expired authentication token"}
MANDATORY: Final = (
    "reporter.fname",
    "gbv_related",
    "case_category_id",
    "narrative",
    "plan",
    "priority",
    "status",
)
GOOD: Final = samples.read("case-minimal-valid")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    environ = {"FULFILLMENT_CASE_RATE": str(RATE)}
    folder = tmp_path_factory.mktemp("case-creation") / "data"
    with ServerProcess(folder, flags=("--dev", "--verbose"), environ=environ) as server:
        yield server


@pytest.fixture(scope="module")
def partner(server: ServerProcess) -> Iterator[Partner]:
    partner = Partner(server)
    yield partner
    partner.close()


@pytest.fixture
def token(partner: Partner) -> str:
    """A token of an organisation of this test's own: the rate is counted for each."""
    return partner.token()


def is_created(answer: requests.Response) -> None:
    assert answer.status_code == 201, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert list(body) == ["id", "status", "created_at", "assigned_to", "reference_number"]
    assert all(isinstance(value, str) and value for value in body.values())
    assert body["status"] == "open"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["created_at"])
    assert re.fullmatch(r"HL-CMS-\d{6,}", body["reference_number"])


def is_refused(answer: requests.Response, message: str) -> None:
    assert (answer.status_code, answer.json()) == (400, {"error": message})


def put(path: str, value: object) -> dict[str, object]:
    """Return a good case with the value at the path."""
    case: dict[str, object] = json.loads(json.dumps(GOOD))
    top, _, inner = path.partition(".")
    case[top] = {inner: value} if inner else value
    return case


def without(path: str) -> dict[str, object]:
    """Return a good case without what is at the path."""
    case = put(path, None)
    top, _, inner = path.partition(".")
    if inner:
        case[top] = {}
    else:
        del case[top]
    return case


def nested(depth: int) -> bytes:
    """Return a good case of so many levels, its own included."""
    lists = "[" * (depth - 1) + "]" * (depth - 1)
    return json.dumps({**GOOD, "deep": 0}).replace('"deep": 0', f'"deep": {lists}').encode()


# --- What is created


@pytest.mark.parametrize("name", samples.CASES)
def test_the_documents_seven_bodies_give_201_with_exactly_five_keys(
    partner: Partner, token: str, name: str
) -> None:
    is_created(partner.case(samples.body(name), token))


@pytest.mark.parametrize("name", samples.CASES)
def test_so_do_they_as_curl_sends_them(server: ServerProcess, token: str, name: str) -> None:
    # What curl writes for -X POST -H … -d '…' as it stands in the document.
    body = samples.body(name).replace(b"\n", b"\n  ")
    connection = HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    connection.putrequest("POST", CASES, skip_accept_encoding=True)
    for header, value in (
        ("User-Agent", "curl/7.81.0"),
        ("Accept", "*/*"),
        ("Authorization", f"Bearer {token}"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
    ):
        connection.putheader(header, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    assert answer.status == 201
    assert list(told) == ["id", "status", "created_at", "assigned_to", "reference_number"]


def test_the_full_body_with_its_comments_is_no_json(partner: Partner, token: str) -> None:
    answer = partner.case(samples.commented().encode(), token)
    assert (answer.status_code, answer.json()) == (400, NO_JSON)


def test_it_is_served_with_and_without_the_trailing_slash(partner: Partner, token: str) -> None:
    for path in (CASES, CASES.rstrip("/")):
        is_created(partner.post(path, GOOD, token=token))


def test_every_answer_names_the_features_and_the_request(partner: Partner, token: str) -> None:
    for answer in (partner.case(GOOD, token), partner.case({}, token), partner.case(GOOD, "x")):
        assert "idempotency" in answer.headers["Fulfillment-Features"].split(", ")
        assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("name", ["priority", "status"])
def test_unknown_priorities_and_states_are_accepted_and_kept(
    partner: Partner, token: str, name: str
) -> None:
    answer = partner.case(put(name, "no such value"), token)
    is_created(answer)
    record = Staff(partner.server).get(f"cases/{answer.json()['id']}/")
    request = record["request"]
    assert isinstance(request, dict)
    assert request[name] == "no such value"


# --- What is missing


@pytest.mark.parametrize("value", [None, "", " \t\n "], ids=["null", "empty", "blank"])
@pytest.mark.parametrize("path", MANDATORY)
def test_a_mandatory_field_that_is_null_empty_or_blank_is_missing(
    partner: Partner, token: str, path: str, value: object
) -> None:
    is_refused(partner.case(put(path, value), token), f"Missing required field: {path}")


@pytest.mark.parametrize("path", MANDATORY)
def test_a_mandatory_field_that_is_absent_is_missing(
    partner: Partner, token: str, path: str
) -> None:
    is_refused(partner.case(without(path), token), f"Missing required field: {path}")


def test_the_first_missing_field_is_named_in_the_documented_order(
    partner: Partner, token: str
) -> None:
    case: dict[str, object] = {}
    for path in MANDATORY:
        is_refused(partner.case(case, token), f"Missing required field: {path}")
        top = path.partition(".")[0]
        case[top] = GOOD[top]
    is_created(partner.case(case, token))


@pytest.mark.parametrize("reporter", [None, "", "John", [], [{"fname": "John"}], 5, True, {}])
def test_a_reporter_that_is_no_object_is_a_missing_name(
    partner: Partner, token: str, reporter: object
) -> None:
    answer = partner.case({**GOOD, "reporter": reporter}, token)
    is_refused(answer, "Missing required field: reporter.fname")


def test_false_zero_and_dashes_are_values(partner: Partner, token: str) -> None:
    case = {**GOOD, "gbv_related": False, "priority": "0", "status": 0, "plan": "---"}
    is_created(partner.case(case, token))


# --- What is invalid


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"gbv_related": "true"}, "gbv_related"),
        ({"gbv_related": 1}, "gbv_related"),
        ({"narrative": True}, "narrative"),
        ({"narrative": ["x"]}, "narrative"),
        ({"plan": {"x": "y"}}, "plan"),
        ({"priority": 1.5}, "priority"),
        ({"reporter": {"fname": ["John"]}}, "reporter.fname"),
        ({"reporter": {"fname": "John", ".id": {}}}, "reporter..id"),
        ({"clients_case": "x"}, "clients_case"),
        ({"clients_case": [7]}, "clients_case[0]"),
        ({"clients_case": [{"age": True}]}, "clients_case[0].age"),
        ({"clients_case": [{}, {"age": 1.5}]}, "clients_case[1].age"),
        ({"perpetrators_case": [{"notes": []}]}, "perpetrators_case[0].notes"),
        ({"attachments_case": ["att_1"]}, "attachments_case[0]"),
        ({"services": [{"category_id": False}]}, "services[0].category_id"),
        ({"verification": {"location": {"lat": 1.5}}}, "verification.location.lat"),
        ({"src_ts": True}, "src_ts"),
    ],
)
def test_a_wrong_type_is_named_by_its_path(
    partner: Partner, token: str, change: dict[str, object], path: str
) -> None:
    # A float is written as one: 1.5, not "1.5".
    answer = partner.case(json.dumps({**GOOD, **change}).encode(), token)
    is_refused(answer, f"Invalid value for field: {path}")


def _times() -> Iterator[tuple[bytes, bool]]:
    now = int(time.time())
    for text in ("1741960667.824", "1741960667", "174196066", "1741960667.123456", "", "  "):
        yield json.dumps(text).encode(), True
    for number in (b"1741960667", b"1741960667.824", b"null", str(now + 86_000).encode()):
        yield number, True
    for text in ("2025-03-14T13:57:47Z", "2025-03-14", "nan", "inf", "1e9", "-1741960667"):
        yield json.dumps(text).encode(), False
    for text in (
        "1741960667824",
        "+1741960667",
        " 1741960667",
        "1741960667.",
        "17419606",
        "۱" * 10,
    ):
        yield json.dumps(text).encode(), False
    for number in (
        b"1741960667824",
        b"1e9",
        b"-1741960667",
        b"0",
        b"1741960667.1234567",
        b"9" * 5000,
    ):
        yield number, False
    yield str(now + 87_000).encode(), False


def test_a_source_timestamp_is_epoch_seconds_and_at_most_a_day_ahead(
    partner: Partner, token: str
) -> None:
    told, wanted = {}, dict(_times())
    for written, good in wanted.items():
        body = json.dumps({**GOOD, "src_ts": 0}).encode().replace(b'"src_ts": 0', b'"src_ts": %s')
        answer = partner.case(body % written, token)
        told[written] = answer.status_code == 201
        if not good:
            is_refused(answer, "Invalid timestamp: src_ts")
    assert told == wanted


# --- What is no body


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b'"x"', b"{", b"{}{}", b"\xff{}", b"\xef\xbb\xbf{}", b"{'a':1}"),
        *(b'{"plan":"a","plan":"b"}', b'{"x":{"y":1,"y":1}}', b'{"x":NaN}', b'{"x":-Infinity}'),
        *(b'{"x":"\\ud800"}', b'{"\\udfff":1}', b'{"x":"\xed\xa0\x80"}', b'{"x":"\\udc00\\ud800"}'),
        *(b"[" * 100_000, b'{"x":' * 5000, nested(33), b'{"x":"a\nb"}', b"1" * 5000),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_plain_json_object_is_refused(partner: Partner, token: str, body: bytes) -> None:
    answer = partner.case(body, token)
    assert (answer.status_code, answer.json()) == (400, NO_JSON)


def test_thirty_two_levels_and_pairs_of_surrogates_are_taken(partner: Partner, token: str) -> None:
    is_created(partner.case(nested(32), token))
    is_created(partner.case(json.dumps({**GOOD, "plan": "\U0001f642"}).encode(), token))


@pytest.mark.parametrize(
    "compress", [gzip.compress, zlib.compress, lambda body: body], ids=["gzip", "deflate", "plain"]
)
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "gzip, identity"])
def test_a_compressed_body_is_refused(
    partner: Partner, token: str, encoding: str, compress: object
) -> None:
    assert callable(compress)
    body = compress(samples.body("case-minimal-valid"))
    answer = partner.case(body, token, headers=JSON | {"Content-Encoding": encoding})
    assert answer.status_code == 415
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"]
)
def test_a_body_that_is_not_called_json_is_refused(
    partner: Partner, token: str, kind: str | None
) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = partner.case(samples.body("case-minimal-valid"), token, headers=headers)
    assert answer.status_code == 415
    assert list(answer.json()) == ["error"]


def test_a_charset_of_utf_8_changes_nothing(partner: Partner, token: str) -> None:
    headers = {"Content-Type": "Application/JSON; charset=UTF-8"}
    is_created(partner.case(samples.body("case-minimal-valid"), token, headers=headers))


def test_a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_not(
    partner: Partner, token: str
) -> None:
    body = samples.body("case-minimal-valid").rstrip()
    is_created(partner.case(body.ljust(LIMIT), token))
    kept = {**GOOD, "notes": "n" * (LIMIT - 1000)}
    is_created(partner.case(kept, token))
    answer = partner.case(body.ljust(LIMIT + 1), token)
    assert answer.status_code == 413
    assert list(answer.json()) == ["error"]


def test_a_body_of_unknown_length_is_measured_as_it_comes(partner: Partner, token: str) -> None:
    body = samples.body("case-minimal-valid")
    is_created(partner.case(iter([body[:50], body[50:]]), token))
    over = partner.case(iter([b" " * 65_536] * 17), token)
    assert over.status_code == 413


def test_an_announced_length_beyond_the_limit_is_refused_before_the_body(
    server: ServerProcess, token: str
) -> None:
    for length in (str(LIMIT + 1), "9" * 17):
        with socket.create_connection(("127.0.0.1", server.port), SECONDS) as connection:
            connection.sendall(
                f"POST {CASES} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()
            )
            assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


# --- The order, and what is never said


def test_checks_are_made_in_the_contracts_order(partner: Partner) -> None:
    name = "Order"
    made = partner.post(
        f"{AUTH}token/", {"organization_name": name, "organization_email": "o@order.example"}
    ).json()
    token, organization_id = made["token"], made["organization_id"]
    text, large = {"Content-Type": "text/plain"}, b"{".ljust(LIMIT + 1)
    everything = {"src_ts": "x", "narrative": []}

    def answered(token: str, body: bytes, headers: dict[str, str]) -> tuple[int, object]:
        answer = partner.case(body, token, headers=headers)
        return answer.status_code, answer.json()

    told = [answered("forged", large, text)]
    partner.act(organization_id, "deactivate")
    told.append(answered(token, large, text))
    partner.act(organization_id, "activate")
    for body, headers in (
        (large, text),
        (b"{", text),
        (b"{", JSON),
        (strictjson.dumps(everything), JSON),
        (strictjson.dumps({**GOOD, **everything}), JSON),
        (strictjson.dumps({**GOOD, "src_ts": "x"}), JSON),
    ):
        told.append(answered(token, body, headers))
    assert told == [
        (401, NO_ENTRY),
        (
            403,
            {
                "status": "error",
                "message": "Organization not authorized to access this resource",
                "detail": "Organization access has been revoked",
            },
        ),
        (413, {"error": "Request body too large"}),
        (415, {"error": "Content-Type must be application/json"}),
        (400, NO_JSON),
        (400, {"error": "Missing required field: reporter.fname"}),
        (400, {"error": "Invalid value for field: narrative"}),
        (400, {"error": "Invalid timestamp: src_ts"}),
    ]


def test_the_rate_is_looked_at_after_the_organization_and_before_the_body(
    partner: Partner,
) -> None:
    body = {"organization_name": "Rate", "organization_email": "r@rate.example"}
    made = partner.post(f"{AUTH}token/", body).json()
    token = made["token"]
    text, large = {"Content-Type": "text/plain"}, b"x".ljust(LIMIT + 1)
    statuses = [partner.case(b"x", token, headers=text).status_code for _ in range(RATE)]
    assert set(statuses) == {415}
    answer = partner.case(large, token, headers=text)
    assert (answer.status_code, answer.json()) == (429, {"error": "Too many requests"})
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert partner.case(large, "forged", headers=text).status_code == 401
    partner.act(made["organization_id"], "deactivate")
    assert partner.case(large, token, headers=text).status_code == 403
    is_created(partner.case(GOOD, partner.token()))


def _places(
    cls: type[Model], prefix: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    for spec in specs(cls):
        place = (*prefix, spec.wire)
        yield place
        if spec.of is not None:
            inner = place if spec.kind == "object" else (*place, 0)
            yield from _places(spec.of, inner)


def _planted(place: tuple[str | int, ...], value: object) -> dict[str, object]:
    """Return a good case with the value at the place, lists and objects made on the way."""
    for step in reversed(place):
        value = [value] if isinstance(step, int) else {step: value}
    assert isinstance(value, dict)
    reporter = value.get("reporter")
    if isinstance(reporter, dict):
        value["reporter"] = {"fname": "John", **reporter}
    return {**GOOD, **value}


def test_no_error_answers_a_value_in_body_header_or_log(
    partner: Partner, server: ServerProcess, token: str
) -> None:
    wrong: list[object] = [[MARKER], {MARKER: MARKER}]
    bodies = [_planted(place, value) for place in _places(NewCase) for value in wrong]
    bodies += [{**GOOD, "src_ts": MARKER}, {MARKER: MARKER}, {"reporter": MARKER}]
    answers = [partner.case(body, token) for body in bodies if body]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert {answer.status_code for answer in refused} == {400}
    assert len(refused) > 100
    raw = f'{{"{MARKER}":1,"{MARKER}":2}}', f'{{"x":"{MARKER}', f'{{"x":{MARKER}}}', f"[{MARKER!r}]"
    refused += [partner.case(body.encode(), token) for body in raw]
    refused += [
        partner.case(MARKER.encode(), token, headers={"Content-Type": f"text/{MARKER}"}),
        partner.case(MARKER.encode(), token, headers=JSON | {"Content-Encoding": MARKER}),
        partner.case(GOOD, token, headers=JSON | {"Idempotency-Key": MARKER * 30}),
        partner.case(MARKER.encode().ljust(LIMIT + 1), token),
        partner.case(GOOD, MARKER),
        partner.case(GOOD, f"{MARKER}.{MARKER}.{MARKER}"),
        partner.case(GOOD, jwt.encode({"org_id": MARKER}, MARKER * 4, headers={"kid": MARKER})),
        partner.post(f"{CASES}?{MARKER}={MARKER}", {MARKER: MARKER}, token=token),
        partner.post(f"{CASES}{MARKER}/", GOOD, token=token),
        partner.get(f"{CASES}cases/{MARKER}/report/", token=token),
    ]
    refused.append(partner.case({**GOOD, "src_uid": MARKER, "plan": "one"}, token))
    assert refused.pop().status_code == 201
    refused.append(partner.case({**GOOD, "src_uid": MARKER, "plan": "two"}, token))
    assert refused[-1].status_code == 409
    for answer in refused:
        assert answer.status_code >= 400
        assert MARKER not in answer.text
        assert MARKER not in str(answer.headers)
    assert f"route={CASES}" in server.log
    assert MARKER not in server.log
    assert token not in server.log


# --- What becomes of it


def test_unknown_keys_and_odd_texts_come_back_in_the_completion(
    partner: Partner, server: ServerProcess, token: str
) -> None:
    odd = {
        "unknown": {"kept": [1, None, True, {"": "x"}], "deep": {"er": []}},
        "x-ray": 12345678901234567890123,
        "nul": "a\u0000b",
        "smile": "\U0001f642 Žofie \u202e",
        "reporter": {"fname": "\u0000John", "nickname": "JD", ".id": "7"},
        "clients_case": [{"fname": "", "unknown": False}],
        "verification": {"candidate_name": "A", "surprise": "!"},
        "narrative": "line\u2028one\r\n\ttwo",
    }
    sent = json.dumps({**GOOD, **odd}, ensure_ascii=False)[:-1] + ', "exact": 1.50e3}'
    answer = partner.case(sent.encode(), token)
    is_created(answer)
    case_id = answer.json()["id"]
    staff = Staff(server)
    staff.hire()
    staff.move(case_id, "allocated")
    staff.move(case_id, "in_progress")
    staff.submit(case_id)
    with listening() as listener:
        made = partner.post(f"{CASES}subscriptions/", {"url": listener.address}, token=token)
        assert made.status_code == 201
        staff.approve(case_id)
        completion = listener.wait_for("case.completed")
    data = strictjson.parse_object(completion)["data"]
    assert isinstance(data, dict)
    assert data["case"]["request"] == strictjson.parse_object(sent)
    assert b"1.50e3" in completion
    assert staff.get(f"cases/{case_id}/")["request"] == json.loads(sent)


# --- What stays inside


def test_secrets_made_on_the_first_start_are_the_owners_and_stand_in_no_process_list_or_log(
    server: ServerProcess, token: str
) -> None:
    names = ("staff-token", "intake-token", "notify-secrets", "jwt-keys", "storage-keys")
    files = [server.folder / name for name in names]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    process = Path("/proc") / str(server.pid)
    shown = (process / "cmdline").read_text() + (process / "environ").read_text()
    for secret in (token, *(path.read_text().strip().rpartition(":")[2] for path in files)):
        assert len(secret) > 30
        assert secret not in shown
        assert secret not in server.log
