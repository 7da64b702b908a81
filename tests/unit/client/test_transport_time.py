"""How long a call waits: for the server, for its tries, for its deadline."""

from __future__ import annotations

import io

import pytest
import responses

from fulfillment_sdk import errors
from fulfillment_sdk.client.exchange.retry import Retries
from fulfillment_sdk.client.files.uploads import FormUpload
from fulfillment_sdk.client.tokens.bearer import Bearer
from fulfillment_sdk.client.transport import Transport
from tests.unit.client.support import BASE, CASES, Time, call
from tests.unit.client.transports import transport


def test_a_wait_that_the_server_asks_for_is_kept(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.get(CASES, status=429, headers={"Retry-After": "20"})
    mocked.get(CASES, json={})
    transport(time).run(call(method="GET"))
    assert time.slept == [pytest.approx(20.05)]


def test_too_long_a_wait_is_left_to_the_caller(mocked: responses.RequestsMock, time: Time) -> None:
    mocked.get(CASES, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(errors.TooManyRequests) as raised:
        transport(time).run(call(method="GET"))
    assert raised.value.retry_after == 3600
    assert time.slept == []


def test_the_deadline_holds_over_all_tries(mocked: responses.RequestsMock, time: Time) -> None:
    for _ in range(3):
        mocked.get(CASES, status=429, headers={"Retry-After": "20"})
    with pytest.raises(errors.TooManyRequests):
        transport(time, tries=9, deadline=60).run(call(method="GET"))
    assert sum(time.slept) < 60


def test_the_last_try_gets_only_the_time_that_is_left(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.get(CASES, status=429, headers={"Retry-After": "30"})
    mocked.get(CASES, json={})
    transport(time, deadline=40).run(call(method="GET"))
    timeouts = [one.request.req_kwargs["timeout"] for one in mocked.calls]  # type: ignore[attr-defined]
    assert timeouts[0] == (10.0, 35.0)
    assert timeouts[1][1] == pytest.approx(40 - 30.05)


def test_a_deadline_shorter_than_the_timeout_cuts_the_first_try_too(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.get(CASES, json={})
    transport(time, deadline=5).run(call(method="GET"))
    assert mocked.calls[0].request.req_kwargs["timeout"] == (5, 5)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("size", "connecting"), [(0, 10.0), (16_384, 10.0), (16_385, 35.0)])
def test_a_large_body_has_all_the_time_to_be_written(
    mocked: responses.RequestsMock, time: Time, size: int, connecting: float
) -> None:
    mocked.post(CASES, json={})
    transport(time).run(call(body=bytes(size)))
    assert mocked.calls[0].request.req_kwargs["timeout"] == (connecting, 35.0)  # type: ignore[attr-defined]


def test_an_upload_has_all_the_time_to_be_written(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(CASES, json={})
    transport(time).run(call(upload=FormUpload(io.BytesIO(b"a"), name="a")))
    assert mocked.calls[0].request.req_kwargs["timeout"] == (35.0, 35.0)  # type: ignore[attr-defined]


def test_what_the_server_was_asked_to_wait_comes_on_top_of_the_deadline(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.get(CASES, json={})
    transport(time, deadline=5).run(call(method="GET", patience=25.0))
    assert mocked.calls[0].request.req_kwargs["timeout"] == (10, 30)  # type: ignore[attr-defined]


def test_pauses_that_are_skipped_count_towards_the_deadline(
    mocked: responses.RequestsMock,
) -> None:
    mocked.get(CASES, status=429, headers={"Retry-After": "50"})
    mocked.get(CASES, status=429, headers={"Retry-After": "50"})
    mocked.get(CASES, status=429, headers={"Retry-After": "50"})
    hurried = Retries.without_waiting(tries=9)
    with pytest.raises(errors.TooManyRequests):
        Transport(BASE, bearer=Bearer.of(None), timeout=1, retries=hurried).run(call(method="GET"))
    assert len(mocked.calls) == 3


def test_a_single_try_is_a_single_try(mocked: responses.RequestsMock) -> None:
    mocked.get(CASES, status=503)
    single = Transport(BASE, bearer=Bearer.of(None), timeout=1, retries=Retries.off())
    with pytest.raises(errors.Unavailable):
        single.run(call(method="GET"))
