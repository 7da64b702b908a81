"""What is another organisation's is not there: neither by its answer nor by the work behind it.

Every call that partners have x the ids of another organisation. The calls come from the
application's own routes: one that has no row here fails, and so does a row without a call.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
import pytest_asyncio
from starlette.routing import Mount, Route

from fulfillment_sdk.server.gateway import create_gateway
from fulfillment_sdk.server.gateway.subscriptions.delivery_ids import delivery_id
from tests.integration.gateway.parts import BASE, CASE, make_settings

from ._tenants import UNKNOWN, Tenants, open_tenants, work_done

PARTNERS = "/webform/"
NOT_FOUND = b'{"error":"Not found"}'
_OF_ONE_ANSWER = {"x-request-id", "date"}


@attrs.frozen
class Row:
    """How a call is made.

    ``body`` is its JSON; ``query`` and ``names`` have the places, besides the path, where an id
    can stand, with the kind of thing that is named there: a parameter, and a key of the body that
    ``body`` is made with. A call without any of them tells in ``why`` whose things it is about.
    """

    body: object = None
    query: Mapping[str, str] = attrs.field(factory=dict)
    names: Mapping[str, str] = attrs.field(factory=dict)
    why: str = ""


MAILBOX = "about whoever reads the mailbox"
TOKEN = "about the token's own organisation"

ROWS: dict[str, Row] = {
    "POST auth/request-verification/": Row(why=MAILBOX),
    "POST auth/verify-otp/": Row(why=MAILBOX),
    "POST auth/token/": Row(why=MAILBOX),
    "POST auth/revoke/": Row(why="about the token itself"),
    "POST /": Row(names={"attachments_case": "attachments"}),
    "POST attachments/": Row(why=TOKEN),
    "GET cases/": Row(query={"src_uid": "src_uid", "reference_number": "reference_number"}),
    "GET cases/{case_id}/": Row(),
    "POST cases/{case_id}/cancel/": Row(),
    "GET cases/{case_id}/report/": Row(),
    "POST cases/{case_id}/report/": Row(),
    "GET cases/{case_id}/files/{file_id}/": Row(),
    "GET subscriptions/": Row(query={"after": "subscriptions"}),
    "POST subscriptions/": Row(why=TOKEN),
    "GET subscriptions/{id}/": Row(),
    "PATCH subscriptions/{id}/": Row(body={"enabled": False}),
    "DELETE subscriptions/{id}/": Row(),
    "POST subscriptions/{id}/rotate-secret/": Row(),
    "POST subscriptions/{id}/test/": Row(),
    "GET subscriptions/{id}/deliveries/": Row(),
    "POST subscriptions/{id}/deliveries/{delivery_id}/replay/": Row(),
    "POST subscriptions/{id}/recover/": Row(body={"since": "2020-01-01T00:00:00Z", "all": True}),
    "POST deliveries/{delivery_id}/replay/": Row(),
    "GET events/": Row(query={"case_id": "cases", "after": "feed"}),
    "GET emails/": Row(query={"after": "emails"}),
    "POST emails/": Row(why=TOKEN),
    "DELETE emails/{id}/": Row(),
}


NOBODYS_OWN = {"/gateway", "/admin/api", "/dev", "/openapi.json"}
"""What else a gateway serves: for the portal, for administrators, and for everybody alike."""


def calls() -> set[str]:
    """Return the calls that partners have, as the application routes them."""
    gateway = create_gateway(make_settings(Path("nowhere"), dev=True))
    mounts = {mount.path: mount for mount in gateway.routes if isinstance(mount, Mount | Route)}
    [(path, partners)] = [
        (path, mount) for path, mount in mounts.items() if path not in NOBODYS_OWN
    ]
    assert len(mounts) == len(gateway.routes)
    assert path + PARTNERS.rstrip("/") == BASE
    assert isinstance(partners, Mount)
    routes = [route for route in partners.routes if isinstance(route, Route)]
    assert len(routes) == len(partners.routes)
    assert all(f"{route.path}/".startswith(PARTNERS) for route in routes)
    return {
        f"{method} {route.path.removeprefix(PARTNERS).rstrip('/')}/"
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
        if route.path.startswith(PARTNERS)
    }


def places(path: str) -> dict[str, str]:
    """Return the ids in a path, with the kind of each: the word before it."""
    return {name: kind for kind, name in re.findall(r"(\w+)/\{(\w+)\}", path)}


def made(row: Row, ids: Mapping[str, str]) -> dict[str, Any]:
    """Return what a call sends with some ids in query and body."""
    sends: dict[str, Any] = {"params": {name: ids[name] for name in row.query if name in ids}}
    if row.names:
        attached = [{"attachment_id": ids[name]} for name in row.names]
        sends["json"] = {**CASE, "attachments_case": attached}
    elif row.body is not None:
        sends["json"] = row.body
    return sends


def told(answer: httpx.Response) -> tuple[object, ...]:
    """Return everything that an answer tells, but for what is of this request alone."""
    headers = {name: value for name, value in answer.headers.items() if name not in _OF_ONE_ANSWER}
    return answer.status_code, answer.content, headers


def which(names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Return each choice of places that are another's, while the others are one's own."""
    for size in range(1, len(names) + 1):
        yield from combinations(names, size)


@pytest_asyncio.fixture
async def tenants(tmp_path: Path) -> AsyncIterator[Tenants]:
    async with open_tenants(tmp_path) as tenants:
        yield tenants


def test_every_call_has_its_row_and_every_row_its_call() -> None:
    assert calls() == set(ROWS)


def test_every_row_names_something_or_tells_why_it_does_not() -> None:
    for call, row in ROWS.items():
        assert bool(row.why) is not bool(places(call) or row.query or row.names), call


async def test_another_organizations_things_are_not_there_and_looking_takes_the_same_work(
    tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await tenants.belongings()
    tried = 0
    with work_done(monkeypatch) as done:
        for call, row in ROWS.items():
            method, path = call.split(" ")
            kinds = {**places(path), **row.query, **row.names}
            for others in which(kinds):
                # In the path all else is one's own; a query or body without an id lacks it.
                given = {
                    name: tenants.stranger.has[kind]
                    for name, kind in places(path).items()
                    if name not in others and kind in tenants.stranger.has
                }
                if any(name not in given for name in places(path) if name not in others):
                    continue
                answers = []
                for has in (tenants.owner.has, UNKNOWN):
                    ids = {**given, **{name: has[kinds[name]] for name in others}}
                    answer, request_id = await tenants.ask(
                        tenants.stranger, method, path.lstrip("/").format(**ids), **made(row, ids)
                    )
                    answers.append((told(answer), done[request_id]))
                (theirs, work_for_theirs), (nobodys, work_for_nobodys) = answers
                assert theirs == nobodys, (call, others)
                assert work_for_theirs == work_for_nobodys, (call, others)
                assert work_for_theirs, call
                if places(path):
                    assert theirs[:2] == (404, NOT_FOUND), (call, others)
                tried += 1
    assert tried >= 16
    assert await tenants.belongings() == before


async def test_another_organizations_event_cannot_be_sent_to_ones_own_subscription(
    tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tenants.stranger.has["subscriptions"]
    with work_done(monkeypatch) as done:
        for above in ("", f"subscriptions/{mine}/"):
            seen = []
            for event_id in (tenants.owner.has["events"], UNKNOWN["events"]):
                path = f"{above}deliveries/{delivery_id(mine, event_id)}/replay/"
                answer, request_id = await tenants.ask(tenants.stranger, "POST", path)
                seen.append((told(answer), done[request_id]))
            (theirs, work_for_theirs), (nobodys, work_for_nobodys) = seen
            assert theirs == nobodys
            assert theirs[:2] == (404, NOT_FOUND)
            assert work_for_theirs == work_for_nobodys


async def test_no_list_has_anything_of_another_organization(tenants: Tenants) -> None:
    lists = [call for call in ROWS if call.startswith("GET ") and not places(call)]
    assert len(lists) >= 3
    for call in lists:
        answer, _ = await tenants.ask(tenants.stranger, "GET", call.removeprefix("GET "))
        assert answer.status_code in (200, 403), call
        for kind, theirs in tenants.owner.has.items():
            assert theirs not in answer.text, (call, kind)


async def test_the_owner_finds_all_of_it_by_the_same_calls(tenants: Tenants) -> None:
    # Without this the two tests above would hold for a server that has nothing at all.
    for call, row in ROWS.items():
        method, path = call.split(" ")
        if method == "GET" and set(places(path).values()) <= set(tenants.owner.has):
            ids = {name: tenants.owner.has[kind] for name, kind in places(path).items()}
            answer, _ = await tenants.ask(tenants.owner, method, path.format(**ids))
            assert answer.status_code == 200, call
            if row.query.get("src_uid"):
                answer, _ = await tenants.ask(
                    tenants.owner, method, path, params={"src_uid": tenants.owner.has["src_uid"]}
                )
                assert [item["id"] for item in answer.json()["items"]] == [
                    tenants.owner.has["cases"]
                ]
