"""One key is one case, through both hops, whoever dies meanwhile (contract, section 2)."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests

from fulfillment_sdk import Client
from fulfillment_sdk.cli.demo.case import physical_abuse
from fulfillment_sdk.client.exchange.retry import Retries

from ._hops import AFTER, BEFORE, Hops, Moment, kill, two_processes
from ._server import SECONDS, ServerProcess
from ._staff import Staff

PARALLEL = 32
REUSED = {"error": "Idempotency key reused with a different request"}
UNAVAILABLE = {"error": "Portal unavailable"}
PATH = "/api/webhook/webform/"
CASE: dict[str, object] = {
    "reporter": {"fname": "jasson"},
    "gbv_related": False,
    "case_category_id": "362484",
    "narrative": "As told",
    "plan": "Initial assessment required",
    "priority": "2",
    "status": "1",
}

_numbers = itertools.count(1)


class Organization:
    """A partner with a token of its own, at the wire."""

    def __init__(self, hops: Hops) -> None:
        self._hops = hops
        self._address = hops.gateway.address
        name = f"Partner {next(_numbers)}"
        answer = requests.post(
            f"{self._address}{PATH}auth/token/",
            json={"organization_name": name, "organization_email": "intake@partner.example"},
            timeout=SECONDS,
        )
        assert answer.status_code == 200, answer.text
        self.token: str = answer.json()["token"]
        self.id: str = answer.json()["organization_id"]

    def post(self, key: str = "", **changes: object) -> requests.Response:
        """Ask for a case under `key`."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        url = f"{self._address}{PATH}"
        return requests.post(url, json={**CASE, **changes}, headers=headers, timeout=SECONDS)

    def cases(self) -> list[str]:
        """Return the ids of its cases at the portal."""
        items = Staff(self._hops.portal).get("cases/?limit=200")["items"]
        assert isinstance(items, list)
        return [item["id"] for item in items if item["organization_id"] == self.id]


Answers = list["Future[requests.Response]"]


@pytest.fixture(scope="module")
def hops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hops]:
    with two_processes(tmp_path_factory.mktemp("hops")) as running:
        yield running


@pytest.fixture
def partner(hops: Hops) -> Organization:
    return Organization(hops)


@pytest.fixture(scope="module")
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(PARALLEL) as threads:
        yield threads


def at_once(crowd: ThreadPoolExecutor, ask: Callable[[], requests.Response]) -> Answers:
    """Ask from 32 threads that wait for each other."""
    line = threading.Barrier(PARALLEL)

    def one() -> requests.Response:
        line.wait(SECONDS)
        return ask()

    return [crowd.submit(one) for _ in range(PARALLEL)]


def the_201(answers: Answers) -> bytes:
    """Return the body that all of them got with their 201."""
    got = {(one.result().status_code, one.result().content) for one in answers}
    assert [status for status, _ in got] == [201], got
    return got.pop()[1]


@pytest.mark.parametrize(
    ("key", "changes"),
    [("key-1", {}), ("", {"src_uid": "walkin-1"}), ("key-2", {"src_uid": "walkin-2"})],
    ids=["by the key", "by src_uid", "by both"],
)
def test_32_parallel_posts_make_one_case(
    hops: Hops,
    partner: Organization,
    crowd: ThreadPoolExecutor,
    key: str,
    changes: Mapping[str, object],
) -> None:
    body = the_201(at_once(crowd, lambda: partner.post(key, **changes)))
    repeated = partner.post(key, **changes)
    assert (repeated.status_code, repeated.content) == (201, body)
    assert partner.cases() == [repeated.json()["id"]]


@pytest.mark.parametrize("moment", [BEFORE, AFTER])
@pytest.mark.parametrize("role", ["gateway", "portal"])
def test_a_killed_party_makes_no_second_case_of_32_parallel_posts(
    hops: Hops, partner: Organization, crowd: ThreadPoolExecutor, role: str, moment: Moment
) -> None:
    def ask() -> requests.Response:
        return partner.post("key", src_uid="walkin")

    victim = _party(hops, role)
    hops.bridge.hold(moment)
    first = at_once(crowd, ask)
    hops.bridge.wait()
    made_before = partner.cases()
    kill(victim)
    hops.bridge.let_go(drop=True)
    if role == "gateway":
        assert [one for one in first if one.exception(SECONDS) is None] == []
        assert hops.let_the_lease_pass() == 1
    victim.start()

    body = the_201(at_once(crowd, ask))
    _ended_safely(first, body)
    assert len(made_before) == (1 if moment == AFTER else 0)
    assert len(partner.cases()) == 1
    assert partner.cases() == [partner.post("key", src_uid="walkin").json()["id"]]
    assert partner.post("key", src_uid="walkin").content == body


@pytest.mark.parametrize("moment", [BEFORE, AFTER])
@pytest.mark.parametrize("role", ["gateway", "portal"])
def test_the_clients_own_repeats_end_in_the_one_case(
    hops: Hops, partner: Organization, crowd: ThreadPoolExecutor, role: str, moment: Moment
) -> None:
    victim = _party(hops, role)
    back = threading.Event()
    patient = Retries(sleep=lambda _seconds: assert_set(back))
    with Client(base_url=hops.gateway.address, token=partner.token, retries=patient) as client:
        created_before = client.cases.create(physical_abuse())  # by now it knows the features
        hops.bridge.hold(moment)
        creating = crowd.submit(client.cases.create, physical_abuse(), idempotency_key="mine")
        hops.bridge.wait()
        kill(victim)
        hops.bridge.let_go(drop=True)
        if role == "gateway":
            assert hops.let_the_lease_pass() == 1
        victim.start()
        back.set()
        created = creating.result(SECONDS)
        again = client.cases.create(physical_abuse(), idempotency_key="mine")
    assert again == created
    assert sorted(partner.cases()) == sorted([created_before.id, created.id])


def test_keys_that_lead_to_two_cases_are_a_409(partner: Organization) -> None:
    one = partner.post("key", src_uid="one")
    other = partner.post("other", src_uid="two")
    assert (one.status_code, other.status_code) == (201, 201)
    # Each mixture has the body of one of them, whichever is found first.
    for key, src_uid in (("key", "two"), ("other", "one")):
        mixed = partner.post(key, src_uid=src_uid)
        assert (mixed.status_code, mixed.json()) == (409, REUSED)
    assert len(partner.cases()) == 2


@pytest.mark.parametrize("key", ["key", ""])
def test_a_key_with_a_different_body_is_a_409(partner: Organization, key: str) -> None:
    assert partner.post(key, src_uid="walkin").status_code == 201
    changed = partner.post(key, src_uid="walkin", plan="Another")
    assert (changed.status_code, changed.json()) == (409, REUSED)
    assert len(partner.cases()) == 1


def test_of_32_parallel_posts_with_differing_bodies_one_kind_wins(
    partner: Organization, crowd: ThreadPoolExecutor
) -> None:
    plans = itertools.cycle(("one", "other"))
    gate = threading.Lock()

    def ask() -> requests.Response:
        with gate:
            plan = next(plans)
        return partner.post("key", plan=plan)

    answers = [one.result() for one in at_once(crowd, ask)]
    assert sorted(one.status_code for one in answers) == [201] * 16 + [409] * 16
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    assert all(one.json() == REUSED for one in answers if one.status_code == 409)
    assert len(partner.cases()) == 1


def test_src_ts_alone_may_differ(partner: Organization) -> None:
    first = partner.post("key", src_uid="walkin", src_ts="1744000000")
    for moment in ("1744000001.5", 1744000002, ""):
        again = partner.post("key", src_uid="walkin", src_ts=moment)
        assert (again.status_code, again.content) == (201, first.content)
    assert len(partner.cases()) == 1


def test_two_organizations_with_one_key_make_two_cases(
    hops: Hops, partner: Organization, crowd: ThreadPoolExecutor
) -> None:
    other = Organization(hops)
    whose = itertools.cycle((partner, other))
    gate = threading.Lock()

    def ask() -> requests.Response:
        with gate:
            asking = next(whose)
        return asking.post("key", src_uid="walkin")

    answers = [one.result() for one in at_once(crowd, ask)]
    assert {one.status_code for one in answers} == {201}
    assert {one.json()["id"] for one in answers} == {*partner.cases(), *other.cases()}
    assert (len(partner.cases()), len(other.cases())) == (1, 1)


def assert_set(event: threading.Event) -> None:
    assert event.wait(SECONDS)


def _party(hops: Hops, role: str) -> ServerProcess:
    return hops.gateway if role == "gateway" else hops.portal


def _ended_safely(answers: Answers, body: bytes) -> None:
    """Whoever asked meanwhile was cut off, told to come again, or got the one case."""
    for asked in answers:
        error = asked.exception(SECONDS)
        if error is not None:
            assert isinstance(error, requests.ConnectionError)
        elif (answer := asked.result()).status_code == 503:
            assert answer.json() == UNAVAILABLE
            assert int(answer.headers["Retry-After"]) >= 1
        else:
            assert (answer.status_code, answer.content) == (201, body)
