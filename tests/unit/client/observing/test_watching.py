"""What plugins are told of each request: once before, once after, and nobody's story."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
import responses

from fulfillment_sdk import errors
from fulfillment_sdk.client import Client
from fulfillment_sdk.client.calls.call import Answer
from fulfillment_sdk.client.exchange.request import Request
from fulfillment_sdk.client.exchange.retry import NoAnswer
from fulfillment_sdk.client.observing.watching import Watch, error_facts
from fulfillment_sdk.hooks.plugin import inspect_plugin
from fulfillment_sdk.plugins import ErrorFacts, hookimpl
from tests.unit.client.support import (
    BASE,
    CASES,
    CREATED,
    IDEMPOTENT,
    Time,
    ids,
    mock,
    new_case,
    retries,
    sample,
)
from tests.unit.client.watchers import Failing, ReceiversOwn, Watcher

SECRETS = ("t0ken", "Jane Smith", "Told in confidence.")


def client(*plugins: object, time: Time | None = None) -> Client:
    return Client(
        base_url=BASE,
        token="t0ken",
        retries=retries(time or Time()),
        ids=ids(),
        clock=lambda: 1_743_849_002.0,
        plugins=plugins,
        load_entry_points=False,
    )


def test_a_plugin_is_told_before_and_after_of_the_same_request(
    mocked: responses.RequestsMock,
) -> None:
    watcher = Watcher()
    mocked.post(CASES, json=CREATED, status=201, headers=IDEMPOTENT | {"X-Request-Id": "req-1"})

    client(watcher).cases.create(new_case())

    (request,), (told,) = watcher.before, watcher.after
    assert told.request is request
    assert (request.method, request.url, request.attempt) == ("POST", CASES, 1)
    assert request.route == "/api/webhook/webform/"
    assert request.size == int(mocked.calls[0].request.headers["Content-Length"])
    assert request.headers["content-type"] == "application/json"
    assert told.response is not None
    assert told.response.status == 201
    assert told.response.headers["x-request-id"] == "req-1"
    assert told.error is None


def test_a_plugin_sees_no_body_and_no_credential(mocked: responses.RequestsMock) -> None:
    watcher = Watcher()
    mocked.post(CASES, json=CREATED, status=201, headers={"Set-Cookie": "session=s3cret"})

    client(watcher).cases.create(new_case())

    (told,) = watcher.after
    assert told.response is not None
    assert (told.request.body, told.response.body) == (None, None)
    assert "authorization" not in told.request.headers
    assert "set-cookie" not in told.response.headers
    everything = f"{told!r} {dict(told.request.headers)} {dict(told.response.headers)}"
    assert not [secret for secret in (*SECRETS, "s3cret", "case_987654") if secret in everything]


def test_a_plugin_that_asks_sees_both_bodies_and_its_neighbour_none(
    mocked: responses.RequestsMock,
) -> None:
    asking, other = Watcher("asking", wants_bodies=True), Watcher()
    mocked.post(CASES, json=CREATED, status=201)

    client(asking, other).cases.create(new_case())

    told, neighbour = asking.after[0], other.after[0]
    assert told.request.body == mocked.calls[0].request.body
    assert told.response is not None
    assert b"HL-CMS-000123" in (told.response.body or b"")
    assert neighbour.response is not None
    assert (neighbour.request.body, neighbour.response.body) == (None, None)


def test_bodies_are_not_in_the_repr_even_for_those_who_see_them(
    mocked: responses.RequestsMock,
) -> None:
    asking = Watcher(wants_bodies=True)
    mocked.post(CASES, json=CREATED, status=201)

    client(asking).cases.create(new_case())

    assert not [secret for secret in (*SECRETS, "HL-CMS") if secret in repr(asking.after)]


def test_the_values_of_a_query_are_withheld(mocked: responses.RequestsMock) -> None:
    watcher = Watcher()
    mocked.get(f"{CASES}cases/", json={"items": []})

    list(client(watcher).cases.list(src_uid="Jane Smith"))

    assert watcher.before[0].url == f"{CASES}cases/?limit=REDACTED&src_uid=REDACTED"


def test_a_plugin_can_change_nothing_of_what_is_sent(mocked: responses.RequestsMock) -> None:
    watcher = Watcher()
    mocked.post(CASES, json=CREATED, status=201)
    client(watcher).cases.create(new_case())

    request = watcher.before[0]
    with pytest.raises(TypeError):
        request.headers["X-Team"] = "intake"  # type: ignore[index]
    with pytest.raises(AttributeError):
        request.url = "https://elsewhere.example"  # type: ignore[misc]


def test_each_repetition_is_told_with_its_number_and_its_failure(
    mocked: responses.RequestsMock, time: Time
) -> None:
    watcher = Watcher()
    mocked.get(f"{CASES}cases/case_1/", body=requests.ConnectTimeout())
    mocked.get(f"{CASES}cases/case_1/", status=503, json={"error": "Portal unavailable"})
    mocked.get(f"{CASES}cases/case_1/", status=404, json={"error": "Not found: Jane Smith"})

    with pytest.raises(errors.NotFound):
        client(watcher, time=time).cases.get("case_1")

    assert [told.request.attempt for told in watcher.after] == [1, 2, 3]
    assert watcher.statuses() == [None, 503, 404]
    assert [told.error for told in watcher.after] == [
        ErrorFacts(kind="ConnectionFailed", why="none within 10 s"),
        ErrorFacts(kind="Unavailable", why="status 503"),
        ErrorFacts(kind="NotFound", why="status 404"),
    ]


def test_what_is_sent_once_more_in_another_dialect_is_another_request(
    mocked: responses.RequestsMock,
) -> None:
    watcher = Watcher()
    mock(mocked, sample("case-example-minimal-fields"))
    mock(mocked, sample("case-gbv-as-string-minimal-valid-payload"))

    client(watcher).cases.create(new_case())

    assert [told.request.attempt for told in watcher.after] == [1, 2]


def test_a_good_status_that_cannot_be_understood_is_a_failure(
    mocked: responses.RequestsMock,
) -> None:
    watcher = Watcher()
    mocked.post(CASES, body="<html>Jane Smith", status=200)

    with pytest.raises(errors.FulfillmentError):
        client(watcher).cases.create(new_case())

    assert watcher.statuses() == [200]
    assert watcher.after[0].error == ErrorFacts(kind="UnexpectedAnswer", why="status 200")


def test_seconds_are_those_of_the_exchange_and_not_of_the_hooks(
    mocked: responses.RequestsMock, time: Time
) -> None:
    class Slow:
        name = "slow"

        @hookimpl
        def fulfillment_before_request(self) -> None:
            time.now += 5.0

        @hookimpl
        def fulfillment_after_response(self) -> None:
            time.now += 7.0

    def answer(_request: object) -> tuple[int, dict[str, str], str]:
        time.now += 0.25
        return 200, {}, '{"items": []}'

    watcher = Watcher()
    mocked.add_callback("GET", f"{CASES}cases/", answer)

    list(client(Slow(), watcher, time=time).cases.list())

    assert watcher.after[0].seconds == 0.25


@pytest.mark.parametrize("error", [RuntimeError("Jane Smith"), SystemExit(3)], ids=repr)
def test_what_an_observer_raises_is_logged_and_changes_nothing(
    mocked: responses.RequestsMock, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = Watcher()
    mocked.post(CASES, json=CREATED, status=201)

    with caplog.at_level(logging.WARNING):
        created = client(Failing(error), watcher).cases.create(new_case(plan="Refer."))

    assert created.id == "case_987654"
    assert (len(watcher.before), len(watcher.after)) == (1, 1)
    assert len(caplog.messages) == 2
    kind = type(error).__name__
    said = f"plugin failing: fulfillment_before_request failed: {kind} at "
    assert caplog.messages[0].startswith(said)
    assert "Jane Smith" not in caplog.text


def test_an_error_of_the_call_is_the_callers_even_if_an_observer_fails(
    mocked: responses.RequestsMock,
) -> None:
    mocked.get(f"{CASES}cases/case_1/", status=404, json={"error": "Not found"})

    with pytest.raises(errors.NotFound) as raised:
        client(Failing(RuntimeError())).cases.get("case_1")

    assert raised.value.__context__ is None


def test_whoever_interrupts_is_told_to_the_plugins_and_let_through(
    mocked: responses.RequestsMock,
) -> None:
    def interrupt(_request: object) -> tuple[int, dict[str, str], str]:
        raise KeyboardInterrupt

    watcher = Watcher()
    mocked.add_callback("GET", f"{CASES}cases/case_1/", interrupt)

    with pytest.raises(KeyboardInterrupt):
        client(watcher).cases.get("case_1")

    assert watcher.after[0].error == ErrorFacts(kind="KeyboardInterrupt")


def test_whoever_interrupts_a_hook_is_told_to_those_who_were_told_before(
    mocked: responses.RequestsMock,
) -> None:
    first, last = Watcher(), Watcher("last")

    with pytest.raises(KeyboardInterrupt):
        client(first, Interrupted(), last).cases.get("case_1")

    assert [told.error for told in first.after] == [ErrorFacts(kind="KeyboardInterrupt")]
    assert first.after[0].seconds == 0.0
    assert not last.before
    assert not last.after
    assert not mocked.calls


def test_who_is_interrupted_at_the_end_keeps_it_from_nobody(
    mocked: responses.RequestsMock,
) -> None:
    first, last = Watcher(), Watcher("last")
    mocked.get(f"{CASES}cases/case_1/", status=404, json={"error": "Not found"})

    with pytest.raises(KeyboardInterrupt):
        client(first, InterruptedAtTheEnd(), last).cases.get("case_1")

    assert (first.statuses(), last.statuses()) == ([404], [404])


def test_those_who_are_interrupted_together_keep_it_from_nobody(
    mocked: responses.RequestsMock,
) -> None:
    watcher = Watcher()
    mocked.add(responses.GET, f"{CASES}cases/case_1/", body=requests.ReadTimeout())

    with pytest.raises(KeyboardInterrupt):
        client(InterruptedAtTheEnd(), watcher, InterruptedAtTheEnd("again")).cases.get("case_1")

    assert watcher.statuses() == [None]


def test_a_file_that_is_fetched_piece_by_piece_shows_its_size_and_no_body(
    mocked: responses.RequestsMock, tmp_path: Path
) -> None:
    watcher = Watcher(wants_bodies=True)
    mocked.get(
        f"{CASES}cases/case_1/report/",
        body=b"%PDF-1.7 Jane Smith",
        content_type="application/pdf",
        headers={"Content-Length": "19"},
    )

    client(watcher).cases.download_report("case_1", to=tmp_path / "report.pdf")

    (told,) = watcher.after
    assert told.response is not None
    assert (told.response.size, told.response.body) == (19, None)
    assert told.request.route == "/api/webhook/webform/cases/{id}/report/"


def test_a_file_that_is_sent_piece_by_piece_has_a_size_where_it_is_known(
    mocked: responses.RequestsMock,
) -> None:
    watcher = Watcher(wants_bodies=True)
    mocked.post(f"{CASES}attachments/", status=413, json={"error": "Too large"})

    with pytest.raises(errors.TooLarge):
        client(watcher).attachments.upload(io.BytesIO(b"The gate"), file_name="gate.txt")

    (request,) = watcher.before
    assert request.body is None
    assert request.size is not None
    assert request.size > len(b"The gate")


def test_clients_made_of_one_are_watched_by_the_same_plugins(
    mocked: responses.RequestsMock,
) -> None:
    watcher = Watcher()
    mocked.get(f"{CASES}cases/", json={"items": []})

    list(client(watcher).with_options(timeout=2.0).cases.list())

    assert len(watcher.after) == 1


class Interrupted:
    """Is at work when somebody presses Ctrl-C."""

    name = "interrupted"

    @hookimpl
    def fulfillment_before_request(self) -> None:
        raise KeyboardInterrupt


class InterruptedAtTheEnd:
    """The same, when the answer is there."""

    def __init__(self, name: str = "interrupted at the end") -> None:
        self.name = name

    @hookimpl
    def fulfillment_after_response(self) -> None:
        raise KeyboardInterrupt


class Asking:
    """Uses a client in both hooks, as nobody should."""

    name = "asking"

    def __init__(self) -> None:
        self.told = 0

    def asks(self, other: Client) -> None:
        self._other = other

    @hookimpl
    def fulfillment_before_request(self) -> None:
        self._ask()

    @hookimpl
    def fulfillment_after_response(self) -> None:
        self._ask()

    def _ask(self) -> None:
        self.told += 1
        if self.told < 9:  # else a failure of this test would have no end
            self._other.cases.get("case_1")


def test_no_plugin_is_told_of_what_a_hook_sends_itself(mocked: responses.RequestsMock) -> None:
    for _ in range(2):
        mocked.get(f"{CASES}cases/case_1/", status=404, json={"error": "Not found"})
        mocked.get(f"{CASES}cases/", json={"items": []})
        mocked.get(f"{CASES}cases/case_1/", status=404, json={"error": "Not found"})
    asking, watcher = Asking(), Watcher()
    ours = client(asking, watcher)
    # Another client that it watches too, as an installed plugin does.
    asking.asks(client(asking, watcher))

    for _ in range(2):
        list(ours.cases.list())

    assert asking.told == 4
    assert [told.request.route for told in watcher.after] == ["/api/webhook/webform/cases/"] * 2


def test_a_plugin_that_no_client_calls_is_an_error() -> None:
    with pytest.raises(errors.PluginError, match="receivers-own has no hook that a client calls"):
        client(ReceiversOwn())


def test_a_misspelt_hook_is_an_error() -> None:
    class Misspelt:
        name = "misspelt"

        @hookimpl
        def fulfillment_before_requests(self) -> None: ...

    with pytest.raises(errors.PluginError, match=r"Did you mean fulfillment_before_request\?"):
        client(Misspelt())


def test_that_a_plugin_sees_bodies_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client(Watcher("curious", wants_bodies=True), Watcher())
    assert caplog.messages == ["plugin curious sees the bodies of requests and answers"]


@pytest.mark.parametrize(("sent", "kind"), [(False, "ConnectionFailed"), (True, "TransportError")])
def test_whether_a_request_may_have_arrived_shows_in_the_kind_of_its_error(
    sent: bool, kind: str
) -> None:
    assert error_facts(NoAnswer("reset", sent=sent)) == ErrorFacts(kind=kind, why="reset")


def test_what_is_made_of_an_answer_takes_none_of_its_seconds() -> None:
    watcher = Watcher()
    request = Request("GET", "/cases/", {}, None, 1.0)
    clock = iter([1.0, 1.5, 9.0]).__next__

    with Watch([inspect_plugin(watcher)], request, BASE, clock) as watch:
        watch.ended(Answer("GET", f"{BASE}/cases/", 200))

    assert watcher.after[0].seconds == 0.5


def test_a_body_that_never_comes_leaves_the_status_that_came(
    mocked: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> Iterator[bytes]:
        yield b"{"
        raise NoAnswer("cut", sent=True)

    monkeypatch.setattr("fulfillment_sdk.client.transport._pieces", broken)
    watcher = Watcher()
    mocked.post(f"{CASES}auth/revoke/", json={})

    with pytest.raises(errors.TransportError):
        client(watcher).with_options(retries=0).auth.revoke()

    assert watcher.statuses() == [200]
    assert watcher.after[0].error == ErrorFacts(kind="TransportError", why="cut")


def test_an_answer_that_breaks_off_has_its_status_and_no_body() -> None:
    watcher = Watcher(wants_bodies=True)
    request = Request("GET", "/cases/", {}, None, 1.0)
    head = Answer("GET", f"{BASE}/cases/", 200, {"content-length": "12"})

    with (
        suppress(NoAnswer),
        Watch([inspect_plugin(watcher)], request, BASE, iter([1.0, 3.5]).__next__) as watch,
    ):
        watch.began(head)
        raise NoAnswer("ChunkedEncodingError", sent=True)

    (told,) = watcher.after
    assert told.response is not None
    assert (told.response.status, told.response.size, told.response.body) == (200, 12, None)
    assert told.seconds == 2.5


@pytest.mark.parametrize("length", ["9" * 5000, "9" * 16, "-1", "12 bytes", "²"])
def test_a_length_that_nothing_has_keeps_no_answer_from_the_caller(length: str) -> None:
    watcher = Watcher()
    request = Request("GET", "/cases/", {}, None, 1.0)
    answer = Answer("GET", f"{BASE}/cases/", 200, {"content-length": length}, b"{}")

    with Watch([inspect_plugin(watcher)], request, BASE, lambda: 1.0) as watch:
        watch.ended(answer)

    (told,) = watcher.after
    assert told.response is not None
    assert told.response.size == 2


def test_plugins_are_a_list() -> None:
    with pytest.raises(errors.ConfigurationError, match="must be a list"):
        Client(base_url=BASE, plugins=Watcher())  # type: ignore[arg-type]
