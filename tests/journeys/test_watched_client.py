"""A watched client at work with a real server: its plugins see every request and nobody's story."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fulfillment_sdk import Client, errors
from fulfillment_sdk.cli.demo.case import physical_abuse
from tests.unit.client.watchers import Failing, Watcher

from ._server import ServerProcess

API = "/api/webhook/webform/"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("watched") / "data") as server:
        yield server


def partner(server: ServerProcess, *plugins: object) -> Client:
    client = Client(base_url=server.address, plugins=plugins, load_entry_points=False)
    client.auth.legacy_token(organization_name="Watched", organization_email="a@watched.example")
    return client


def test_a_plugin_is_told_of_each_request_and_can_name_it_to_the_servers_operator(
    server: ServerProcess,
) -> None:
    watcher = Watcher()
    with partner(server, watcher) as client:
        created = client.cases.create(physical_abuse())
        stored = client.attachments.upload(b"The gate is blue.", file_name="gate.txt")
        assert stored.size == 17
        assert client.cases.get(created.id).status == "new"
        with pytest.raises(errors.NotFound):
            client.cases.download_report(created.id)
        client.cases.cancel(created.id)

    told = [(one.request.method, one.request.route.removeprefix(API)) for one in watcher.after]
    assert told == [
        ("POST", "auth/token/"),
        ("POST", ""),
        ("POST", "attachments/"),
        ("GET", "cases/{id}/"),
        ("GET", "cases/{id}/report/"),
        ("POST", "cases/{id}/cancel/"),
    ]
    assert watcher.statuses() == [200, 201, 201, 200, 404, 200]
    assert [one.error and one.error.kind for one in watcher.after] == [
        *[None] * 4,
        "NotFound",
        None,
    ]
    responses = [one.response for one in watcher.after if one.response is not None]
    ids = [one.headers["x-request-id"] for one in responses]
    assert len(set(ids)) == len(ids) == 6


def test_nothing_of_a_case_or_a_token_is_told(server: ServerProcess) -> None:
    watcher, case = Watcher(), physical_abuse()
    assert case.reporter is not None
    with partner(server, watcher) as client:
        token = client.auth.legacy_token(
            organization_name="Watched", organization_email="a@watched.example"
        ).token
        client.cases.create(case)

    told = "".join(
        f"{one!r}{dict(one.request.headers)}{one.response and dict(one.response.headers)}"
        for one in watcher.after
    )
    secrets = (token, case.reporter.fname, case.narrative, "watched.example")
    assert not [one for one in secrets if one and one in told]


def test_threads_that_share_a_client_are_told_apart(server: ServerProcess) -> None:
    watcher = Watcher()
    with partner(server, watcher, Failing(RuntimeError())) as client:
        created = client.cases.create(physical_abuse())
        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda _: client.cases.get(created.id).status, range(160)))

    assert statuses == ["new"] * 160
    before, after = watcher.before, [one.request for one in watcher.after]
    assert len(set(before)) == len(before) == 162
    assert set(before) == set(after)
    assert len(after) == 162
