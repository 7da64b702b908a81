from __future__ import annotations

from typing import Any

import pytest
import responses

from fulfillment_sdk.client import Client, Retries
from fulfillment_sdk.errors import ConfigurationError, Unavailable
from tests.unit.client.support import BASE, CASES, CREATED, IDEMPOTENT, Time, make_client, new_case


def test_a_client_from_the_environment_needs_an_address() -> None:
    with pytest.raises(ConfigurationError, match="FULFILLMENT_BASE_URL"):
        Client.from_env()


def test_a_client_from_the_environment_has_address_and_token(
    monkeypatch: pytest.MonkeyPatch, mocked: responses.RequestsMock
) -> None:
    monkeypatch.setenv("FULFILLMENT_BASE_URL", f"{BASE}/")
    monkeypatch.setenv("FULFILLMENT_TOKEN", "from-env\n")
    mocked.post(CASES, json=CREATED, status=201)
    with Client.from_env() as client:
        client.cases.create(new_case())
    assert mocked.calls[0].request.headers["Authorization"] == "Bearer from-env"


def test_the_token_of_the_environment_goes_to_no_other_address(
    monkeypatch: pytest.MonkeyPatch, mocked: responses.RequestsMock
) -> None:
    monkeypatch.setenv("FULFILLMENT_TOKEN", "from-env")
    mocked.post(CASES, json=CREATED, status=201)
    Client(base_url=BASE).cases.create(new_case())
    assert "Authorization" not in mocked.calls[0].request.headers


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_is_a_positive_number(timeout: float) -> None:
    with pytest.raises(ConfigurationError):
        Client(base_url=BASE, timeout=timeout)


@pytest.mark.parametrize(
    "options", [{"timeout": "35"}, {"timeout": None}, {"retries": "3"}, {"tokens": "token"}]
)
def test_an_option_of_another_type_is_told_as_that(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Client(base_url=BASE, **options)
    assert raised.value.remedy.startswith("Give ")


def test_the_number_of_repetitions_is_policy_enough(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{CASES}subscriptions/", status=503)
    with pytest.raises(Unavailable):
        list(Client(base_url=BASE, retries=0).subscriptions.list())
    assert len(mocked.calls) == 1


def test_the_switch_for_tests_repeats_without_waiting(mocked: responses.RequestsMock) -> None:
    client = Client(base_url=BASE, retries=Retries.without_waiting())
    for status in (503, 503, 503, 200):
        mocked.post(CASES, json=CREATED, status=status, headers=IDEMPOTENT)
    assert client.cases.create(new_case()).id == "case_987654"


def test_ids_of_its_own_are_unlike_each_other(mocked: responses.RequestsMock) -> None:
    client = Client(base_url=BASE)
    for _ in range(2):
        mocked.post(CASES, json=CREATED, status=201)
        client.cases.create(new_case())
    first, second = (one.request.headers["Idempotency-Key"] for one in mocked.calls)
    assert first != second


def test_the_features_are_those_that_the_server_announced(mocked: responses.RequestsMock) -> None:
    client = make_client()
    assert client.features == frozenset()
    mocked.post(CASES, json=CREATED, status=201, headers=IDEMPOTENT)
    client.cases.create(new_case())
    assert client.features == {"idempotency", "events", "subscriptions"}


def test_a_repr_shows_the_address_and_no_token() -> None:
    assert repr(make_client(token="s3cret")) == f"<Client {BASE} with a token>"


def test_other_options_are_those_of_the_other_client_alone(
    mocked: responses.RequestsMock, time: Time
) -> None:
    client = make_client(time)
    other = client.with_options(timeout=2.0, retries=0)
    for _ in range(2):
        mocked.get(f"{CASES}subscriptions/", status=503)
    mocked.get(f"{CASES}subscriptions/", json={"items": []})
    with pytest.raises(Unavailable):
        list(other.subscriptions.list())
    list(client.subscriptions.list())
    timeouts = [one.request.req_kwargs["timeout"][1] for one in mocked.calls]  # type: ignore[attr-defined]
    assert timeouts == [2.0, 35.0, 35.0]


def test_what_is_not_given_stays_as_it_was(mocked: responses.RequestsMock, time: Time) -> None:
    other = make_client(time).with_options(timeout=2.0)
    mocked.get(f"{CASES}subscriptions/", status=503)
    mocked.get(f"{CASES}subscriptions/", json={"items": []})
    list(other.subscriptions.list())
    assert time.slept == [0.5]


def test_clients_made_of_one_share_its_token_and_what_it_learns(
    mocked: responses.RequestsMock,
) -> None:
    client = make_client()
    other = client.with_options(timeout=2.0)
    third = other.with_options(token="own")
    mocked.post(f"{CASES}auth/revoke/", json={"status": "success"}, headers=IDEMPOTENT)
    other.auth.revoke()
    assert client.features == third.features == {"idempotency", "events", "subscriptions"}
    assert repr(client) == repr(other) == f"<Client {BASE} without a token>"
    assert repr(third) == f"<Client {BASE} with a token>"
    mocked.post(f"{CASES}auth/revoke/", json={"status": "success"})
    third.auth.revoke()
    assert mocked.calls[1].request.headers["Authorization"] == "Bearer own"


def test_closing_a_client_that_was_made_of_another_closes_nothing() -> None:
    closed: list[bool] = []
    client = make_client()
    client._transport._session.close = lambda: closed.append(True)  # type: ignore[method-assign]
    with client.with_options(timeout=1.0):
        pass
    assert closed == []
    client.close()
    assert closed == [True]


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_other_options_are_looked_at_as_the_first_ones(timeout: float) -> None:
    with pytest.raises(ConfigurationError):
        make_client().with_options(timeout=timeout)
    with pytest.raises(ConfigurationError):
        make_client().with_options(token="two words")
