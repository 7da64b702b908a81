from __future__ import annotations

import gc
import io
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import certifi
import pytest
import requests
import responses
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from fulfillment_sdk import errors
from fulfillment_sdk._version import __version__
from fulfillment_sdk.client import Client
from fulfillment_sdk.client.calls.answers import json_object
from fulfillment_sdk.client.calls.call import Keys, Repeat
from fulfillment_sdk.client.exchange.exchange import Exchange
from fulfillment_sdk.client.exchange.request import Request
from fulfillment_sdk.client.exchange.retry import NoAnswer, Retries
from fulfillment_sdk.client.files.uploads import FormUpload
from fulfillment_sdk.client.tokens.bearer import Bearer
from fulfillment_sdk.client.transport import Transport
from tests.unit.client.support import BASE, CASES, IDEMPOTENT, Time, call, retries

KEYS = Keys("key-1", "uid-1")
POOL = urllib3.HTTPConnectionPool("gateway.example")


def transport(time: Time, **changes: Any) -> Transport:
    session = changes.pop("session", None)
    return Transport(
        BASE,
        bearer=Bearer.of("t0ken"),
        timeout=35.0,
        retries=retries(time, **changes),
        session=session,
        now=lambda: 1_743_849_002.0,
    )


def refused_connection() -> requests.ConnectionError:
    reason = urllib3.exceptions.NewConnectionError(HTTPConnection("gateway.example"), "refused")
    reason.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(POOL, "/", reason))


def cut_connection() -> requests.ConnectionError:
    cut = ConnectionResetError(104, "Connection reset by peer")
    return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", cut))


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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", [f"{CASES}elsewhere/", "http://[::1", ""])
def test_a_redirect_is_never_followed(
    mocked: responses.RequestsMock, time: Time, status: int, location: str
) -> None:
    mocked.post(CASES, status=status, headers={"Location": location})
    with pytest.raises(errors.UnexpectedAnswer) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert raised.value.status == status
    assert len(mocked.calls) == 1


def test_a_request_names_the_sdk_and_its_version(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(CASES, json={})
    transport(time).run(call(body=b"{}"))
    headers = mocked.calls[0].request.headers
    assert headers["User-Agent"] == f"fulfillment-sdk/{__version__}"
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == "2"
    assert headers["Authorization"] == "Bearer t0ken"


def test_a_call_without_the_token_sends_none(mocked: responses.RequestsMock, time: Time) -> None:
    session = requests.Session()
    session.headers["Authorization"] = "Basic b2xk"
    mocked.post(CASES, json={})
    transport(time, session=session).run(call(bearer=False))
    assert "Authorization" not in mocked.calls[0].request.headers


def test_netrc_does_not_replace_the_token(
    mocked: responses.RequestsMock, time: Time, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine gateway.example login me password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    mocked.post(CASES, json={})
    transport(time).run(call())
    assert mocked.calls[0].request.headers["Authorization"] == "Bearer t0ken"


def test_the_environment_is_looked_up_once(
    mocked: responses.RequestsMock, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    runner = transport(time)
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example:3128")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    mocked.post(CASES, json={})
    runner.run(call())
    settings = mocked.calls[0].request.req_kwargs  # type: ignore[attr-defined]
    assert settings["proxies"]["https"] == "http://proxy.example:3128"
    assert settings["verify"] == certifi.where()


def test_a_session_of_the_caller_keeps_its_headers_and_hooks(
    mocked: responses.RequestsMock, time: Time
) -> None:
    seen: list[int] = []
    session = requests.Session()
    session.headers["X-Team"] = "intake"
    session.hooks["response"].append(lambda got, **_: seen.append(got.status_code))
    mocked.post(CASES, json={})
    transport(time, session=session).run(call())
    assert mocked.calls[0].request.headers["X-Team"] == "intake"
    assert seen == [200]


class Closing(requests.Session):
    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_session_of_the_caller_stays_open() -> None:
    session = Closing()
    with Client(base_url=BASE, session=session):
        pass
    assert not session.closed


def test_connections_are_closed_even_if_something_refers_to_them_still() -> None:
    runner = transport(Time())
    adapter = runner._session.get_adapter(BASE)
    assert isinstance(adapter, HTTPAdapter)
    pool = adapter.poolmanager.connection_from_url(BASE)
    runner.close()
    assert pool.pool is None


def test_a_cookie_is_not_kept(mocked: responses.RequestsMock, time: Time) -> None:
    runner = transport(time)
    mocked.post(CASES, json={}, headers={"Set-Cookie": "session=1"})
    mocked.post(CASES, json={})
    runner.run(call())
    runner.run(call())
    assert "Cookie" not in mocked.calls[1].request.headers
    assert list(runner._session.cookies) == []


def test_an_endless_answer_is_cut(
    mocked: responses.RequestsMock, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.client.exchange.exchange.LARGEST_ANSWER", 100)
    mocked.post(CASES, body=b"{" + b" " * 200_000 + b"}")
    with pytest.raises(errors.UnexpectedAnswer) as raised:
        transport(time).run(call())
    assert "larger than 100 bytes" in str(raised.value)


def test_no_error_leads_back_to_the_request(mocked: responses.RequestsMock, time: Time) -> None:
    mocked.post(CASES, body=requests.ReadTimeout(request=requests.Request("POST", CASES)))
    with pytest.raises(errors.OutcomeUnknown) as raised:
        transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def alive() -> int:
    kinds = (Exchange, NoAnswer, errors.APIError)
    return sum(issubclass(type(one), kinds) for one in gc.get_objects())


@pytest.mark.parametrize("statuses", [(404,), (503, 503, 404), (503, 503, 503, 503)])
def test_nothing_of_a_refused_call_outlives_it(
    mocked: responses.RequestsMock, time: Time, statuses: tuple[int, ...]
) -> None:
    for status in statuses:
        mocked.get(CASES, status=status, json={})
    runner = transport(time)
    gc.collect()
    gc.disable()
    try:
        before = alive()
        with suppress(errors.FulfillmentError):
            runner.run(call(method="GET", item=True))
        assert alive() == before
    finally:
        gc.enable()


def test_an_errors_frames_lead_to_no_request(mocked: responses.RequestsMock, time: Time) -> None:
    mocked.post(CASES, status=400, json={})
    with pytest.raises(errors.BadRequest) as raised:
        transport(time).run(call(body=b"{}"))
    frames = [entry.frame.f_locals for entry in raised.traceback]
    assert not any(isinstance(one, Request) for frame in frames for one in frame.values())


def test_an_error_of_the_callers_own_does_not_colour_the_next(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(CASES, body=cut_connection())
    try:
        raise refused_connection()
    except requests.ConnectionError:
        with pytest.raises(errors.OutcomeUnknown):
            transport(time).run(call(repeat=Repeat.KEYED, keys=KEYS))
    assert len(mocked.calls) == 1


def test_an_address_that_requests_cannot_read_is_refused(time: Time) -> None:
    with pytest.raises(errors.ConfigurationError):
        Transport("http://.", bearer=Bearer.of(None), timeout=1, retries=retries(time))


def test_a_hosts_name_is_sent_in_ascii(mocked: responses.RequestsMock, time: Time) -> None:
    mocked.post("https://xn--bcher-kva.example/api/webhook/webform/", json={})
    nobody = Bearer.of(None)
    runner = Transport("https://bücher.example", bearer=nobody, timeout=1, retries=retries(time))
    assert runner.run(call()).status == 200


def no_pem(folder: Path) -> str:
    path = folder / "not.pem"
    path.write_text("not a certificate")
    return str(path)


@pytest.mark.parametrize("missing", [True, False])
def test_a_ca_bundle_that_cannot_be_used_is_told_before_anything_is_sent(
    time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: bool
) -> None:
    path = str(tmp_path / "missing.pem") if missing else no_pem(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    with pytest.raises(errors.ConfigurationError, match="CA bundle"):
        transport(time)


@pytest.mark.parametrize("pair", [True, False])
def test_a_certificate_of_the_caller_that_cannot_be_used_is_told_before_anything_is_sent(
    time: Time, tmp_path: Path, pair: bool
) -> None:
    session = requests.Session()
    session.cert = (no_pem(tmp_path),) * 2 if pair else no_pem(tmp_path)
    with pytest.raises(errors.ConfigurationError, match="certificate"):
        transport(time, session=session)
