"""What a request carries, whose session it takes, and what is left behind."""

from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path
from typing import Any

import certifi
import pytest
import requests
import responses
from requests.adapters import HTTPAdapter

from fulfillment_sdk import errors
from fulfillment_sdk._version import __version__
from fulfillment_sdk.client import Client
from fulfillment_sdk.client.calls.call import Repeat
from fulfillment_sdk.client.exchange.exchange import Exchange
from fulfillment_sdk.client.exchange.request import Request
from fulfillment_sdk.client.exchange.retry import NoAnswer
from fulfillment_sdk.client.tokens.bearer import Bearer
from fulfillment_sdk.client.transport import Transport
from tests.unit.client.support import BASE, CASES, Time, call, retries
from tests.unit.client.transports import KEYS, cut_connection, refused_connection, transport


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
