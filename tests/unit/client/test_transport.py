"""What is sent again, and what is told when it can't be (contract, section 6)."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

import pytest
import requests
import responses
import urllib3
from urllib3.connection import HTTPConnection

from fulfillment_sdk import errors
from fulfillment_sdk.client.calls.answers import json_object
from fulfillment_sdk.client.calls.call import Repeat
from tests.unit.client.support import BASE, CASES, IDEMPOTENT, Time, call
from tests.unit.client.transports import KEYS, POOL, cut_connection, refused_connection, transport


def while_connecting(error: Exception) -> Exception:
    """The error as it comes out of urllib3 where it was raised while a connection was made."""

    class Failing(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            raise error

    with suppress(type(error)):
        Failing("gateway.example").connect()
    return error


def bad_certificate() -> ssl.SSLError:
    return ssl.SSLCertVerificationError(1, "self-signed")


def no_tls() -> ssl.SSLError:
    cause = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    cause.reason = "WRONG_VERSION_NUMBER"
    return cause


def of_tls(cause: Exception) -> requests.exceptions.SSLError:
    reason = urllib3.exceptions.SSLError(cause)
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(POOL, "/", reason))


def of_a_proxy(cause: Exception) -> requests.exceptions.ProxyError:
    reason = urllib3.exceptions.ProxyError("Unable to connect to proxy", cause)
    return requests.exceptions.ProxyError(urllib3.exceptions.MaxRetryError(POOL, "/", reason))


def timed_out(cause: Exception) -> requests.ReadTimeout:
    reason = urllib3.exceptions.ReadTimeoutError(POOL, "/", "Read timed out.")
    reason.__cause__ = cause
    return requests.ReadTimeout(reason)


UNSENT = [
    refused_connection(),
    requests.ConnectTimeout(),
    of_a_proxy(while_connecting(OSError("Tunnel connection failed: 403 Forbidden"))),
    of_tls(while_connecting(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"))),
    timed_out(while_connecting(TimeoutError("The handshake operation timed out"))),
]
LOST = [
    cut_connection(),
    requests.ConnectionError("who knows"),
    requests.ReadTimeout(),
    requests.exceptions.ChunkedEncodingError(),
    requests.exceptions.SSLError(),
    requests.exceptions.ProxyError(),
    of_a_proxy(ConnectionResetError(104, "Connection reset by peer")),
    of_tls(bad_certificate()),
    of_tls(no_tls()),
    timed_out(TimeoutError("The read operation timed out")),
]
LASTING = [of_tls(while_connecting(bad_certificate())), of_tls(while_connecting(no_tls()))]


@pytest.mark.parametrize("repeat", Repeat)
@pytest.mark.parametrize("error", UNSENT, ids=repr)
def test_what_surely_never_arrived_is_sent_again(
    mocked: responses.RequestsMock, time: Time, error: Exception, repeat: Repeat
) -> None:
    mocked.post(CASES, body=error)
    mocked.post(CASES, body=error)
    mocked.post(CASES, json={"ok": 1})
    assert transport(time).run(call(repeat=repeat)).status == 200
    assert time.slept == [0.5, 1.0]


@pytest.mark.parametrize("repeat", Repeat)
def test_what_never_arrived_at_all_is_a_failed_connection(
    mocked: responses.RequestsMock, time: Time, repeat: Repeat
) -> None:
    for _ in range(4):
        mocked.post(CASES, body=refused_connection())
    with pytest.raises(errors.ConnectionFailed) as raised:
        transport(time).run(call(repeat=repeat, keys=KEYS))
    assert "Connection refused" in raised.value.message
    assert BASE in raised.value.message


@pytest.mark.parametrize("error", LOST, ids=repr)
def test_what_may_have_arrived_is_not_repeated_where_keys_are_not_known(
    mocked: responses.RequestsMock, time: Time, error: Exception
) -> None:
    mocked.post(CASES, body=error)
    with pytest.raises(errors.OutcomeUnknown) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert (raised.value.idempotency_key, raised.value.src_uid) == ("key-1", "uid-1")
    assert time.slept == []


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_fails_without_knowing_keys_leaves_the_outcome_unknown(
    mocked: responses.RequestsMock, time: Time, status: int
) -> None:
    mocked.post(CASES, json={"message": "Sorry"}, status=status)
    with pytest.raises(errors.OutcomeUnknown) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert isinstance(raised.value.__cause__, errors.ServerError)
    assert f"status {status}" in str(raised.value)


@pytest.mark.parametrize("status", [408, 425, 429])
def test_a_refusal_without_known_keys_is_told_at_once(
    mocked: responses.RequestsMock, time: Time, status: int
) -> None:
    mocked.post(CASES, status=status)
    with pytest.raises(errors.APIError) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert raised.value.status == status


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_answer_that_announces_idempotency_may_itself_be_repeated(
    mocked: responses.RequestsMock, time: Time, status: int
) -> None:
    mocked.post(CASES, status=status, headers=IDEMPOTENT)
    mocked.post(CASES, json={"ok": 1})
    assert transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS)).status == 200


def test_what_was_announced_by_any_earlier_answer_counts(
    mocked: responses.RequestsMock, time: Time
) -> None:
    runner = transport(time)
    mocked.post(f"{CASES}auth/token/", status=404, json={}, headers=IDEMPOTENT)
    mocked.post(CASES, body=cut_connection())
    mocked.post(CASES, json={"ok": 1})
    with pytest.raises(errors.NotOffered):
        runner.run(call(path="/api/webhook/webform/auth/token/"))
    assert runner.run(call(repeat=Repeat.KEYED, keys=KEYS)).status == 200
    assert runner.facts.features == {"idempotency", "events", "subscriptions"}


def test_an_answer_without_the_header_takes_nothing_back(
    mocked: responses.RequestsMock, time: Time
) -> None:
    runner = transport(time)
    mocked.post(CASES, json={}, headers=IDEMPOTENT)
    mocked.post(CASES, status=502)
    mocked.post(CASES, json={"ok": 1})
    runner.run(call())
    assert runner.run(call(repeat=Repeat.KEYED, keys=KEYS)).status == 200


def test_every_try_carries_the_same_request(mocked: responses.RequestsMock, time: Time) -> None:
    for status in (503, 503, 200):
        mocked.post(CASES, status=status, headers=IDEMPOTENT)
    transport(time).run(
        call(repeat=Repeat.KEYED, keys=KEYS, body=b"{}", headers={"Idempotency-Key": "key-1"})
    )
    sent = [(one.request.body, one.request.headers["Idempotency-Key"]) for one in mocked.calls]
    assert sent == [(b"{}", "key-1")] * 3


def test_the_tries_come_to_an_end(mocked: responses.RequestsMock, time: Time) -> None:
    for _ in range(4):
        mocked.post(CASES, status=503, json={"error": "Portal unavailable"}, headers=IDEMPOTENT)
    with pytest.raises(errors.Unavailable) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert time.slept == [0.5, 1.0, 2.0]
    assert "key-1" in raised.value.remedy


def test_an_outcome_stays_unknown_if_only_the_last_try_never_arrived(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(CASES, status=503, headers=IDEMPOTENT)
    for _ in range(3):
        mocked.post(CASES, body=refused_connection())
    with pytest.raises(errors.OutcomeUnknown) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert "idempotency_key='key-1'" in raised.value.remedy


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 410, 501])
def test_an_outcome_stays_unknown_if_the_last_answer_is_not_about_the_request(
    mocked: responses.RequestsMock, time: Time, status: int
) -> None:
    mocked.post(CASES, status=503, headers=IDEMPOTENT)
    mocked.post(CASES, status=status, body="<html>")
    with pytest.raises(errors.OutcomeUnknown) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS, read=json_object))
    assert raised.value.idempotency_key == "key-1"
    assert isinstance(raised.value.__cause__, errors.APIError)


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_an_outcome_stays_unknown_if_the_server_can_no_longer_be_trusted(
    mocked: responses.RequestsMock, time: Time, error: Exception
) -> None:
    mocked.post(CASES, status=503, headers=IDEMPOTENT)
    mocked.post(CASES, body=error)
    with pytest.raises(errors.OutcomeUnknown):
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_an_answer_about_the_request_itself_settles_the_outcome(
    mocked: responses.RequestsMock, time: Time, status: int
) -> None:
    mocked.post(CASES, status=503, headers=IDEMPOTENT)
    mocked.post(CASES, status=status, json={"error": "No"})
    with pytest.raises(errors.APIError) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert raised.value.status == status


@pytest.mark.parametrize("error", LOST, ids=repr)
def test_a_call_that_only_reads_is_repeated_whatever_got_lost(
    mocked: responses.RequestsMock, time: Time, error: Exception
) -> None:
    mocked.get(CASES, body=error)
    mocked.get(CASES, json={"ok": 1})
    assert transport(time).run(call(method="GET")).status == 200


def test_a_call_that_only_reads_ends_as_a_failed_connection(
    mocked: responses.RequestsMock, time: Time
) -> None:
    for _ in range(4):
        mocked.get(CASES, body=requests.ReadTimeout())
    with pytest.raises(errors.ConnectionFailed) as raised:
        transport(time).run(call(method="GET"))
    assert "nothing within 35 s" in raised.value.message


def test_what_works_once_is_not_repeated(mocked: responses.RequestsMock, time: Time) -> None:
    mocked.post(CASES, body=cut_connection())
    with pytest.raises(errors.OutcomeUnknown) as raised:
        transport(time).run(call(repeat=Repeat.ONCE, unknown_remedy="Look into the mailbox."))
    assert raised.value.remedy == "Look into the mailbox."


def test_a_deletion_whose_answer_got_lost_is_done(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.delete(CASES, body=cut_connection())
    mocked.delete(CASES, status=404, json={"error": "Not found"})
    assert transport(time).run(call(method="DELETE", item=True)).status == 204


def test_a_deletion_of_nothing_is_not_found(mocked: responses.RequestsMock, time: Time) -> None:
    mocked.delete(CASES, status=404, json={"error": "Not found"})
    with pytest.raises(errors.NotFound):
        transport(time).run(call(method="DELETE", item=True))


@pytest.mark.parametrize("error", LASTING, ids=["certificate", "plain server"])
def test_what_repeating_cannot_help_is_told_at_once(
    mocked: responses.RequestsMock, time: Time, error: Exception
) -> None:
    mocked.post(CASES, body=error)
    with pytest.raises(errors.ConnectionFailed) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert "Check" in raised.value.remedy
    assert time.slept == []
