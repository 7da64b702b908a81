"""The process that calls: each way to create a case, block by block, all at the same server."""

from __future__ import annotations

import gc
import json
import random
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import requests
import stripe
import svix
from svix.api import MessageCreateOptions, MessageIn

from benchmarks import samples
from benchmarks.processes import Spec, tell
from fulfillment_sdk import Client
from fulfillment_sdk.client.exchange.exchange import USER_AGENT

HAND, OURS, UNCHECKED = "requests, by hand", "ours", "ours, validate=False"
PATH = "/api/webhook/webform/"
TOKEN = "x" * 300
TIMEOUT = 35.0
_WARMING = 3
_EACH = ("Idempotency-Key", "Content-Length")

Create = Callable[[], str]


def by_hand(session: requests.Session, url: str, document: dict[str, Any]) -> Create:
    """Return what a partner would write: keys, body, status, id."""
    session.headers["Authorization"] = f"Bearer {TOKEN}"
    session.headers["Accept"] = "application/json"
    session.headers["User-Agent"] = USER_AGENT

    def create() -> str:
        key, now = str(uuid.uuid4()), time.time()
        user = f"{document['src_usr']}-" if "src_usr" in document else ""
        key = f"webform-{user}{int(now * 1000)}-{key}"
        response = session.post(
            url + PATH,
            json=samples.with_origin(document, key, now),
            headers={"Idempotency-Key": key},
            timeout=TIMEOUT,
        )
        response.raise_for_status()
        return str(response.json()["id"])

    return create


def ours(client: Client, document: dict[str, Any], *, validate: bool = True) -> Create:
    """Return a typed creation."""
    case = samples.model(document)
    return lambda: client.cases.create(case, validate=validate).id


def by_stripe(url: str, document: dict[str, Any]) -> Create:
    """Return Stripe's own client with the same JSON; addresses below /v2/ are JSON there."""
    client = stripe.StripeClient(
        "sk_test_" + TOKEN,
        base_addresses={"api": url, "files": url, "connect": url, "meter_events": url},
        http_client=stripe.RequestsClient(timeout=TIMEOUT),
    )
    stripe.enable_telemetry = False

    def create() -> str:
        key = str(uuid.uuid4())
        filled = samples.with_origin(document, key, time.time())
        answer = client.raw_request("post", "/v2/cases", **filled, idempotency_key=key)
        return str(client.deserialize(answer, api_mode="V2")["id"])

    return create


def by_svix(url: str, document: dict[str, Any]) -> Create:
    """Return Svix's own client with the same JSON as the payload of a message."""
    client = svix.Svix(TOKEN, svix.SvixOptions(server_url=url))

    def create() -> str:
        key = str(uuid.uuid4())
        filled = samples.with_origin(document, key, time.time())
        message = MessageIn(event_type="case.created", payload=filled)
        options = MessageCreateOptions(idempotency_key=key)
        return str(client.message.create("bench", message, options).id)

    return create


def difference(url: str, document: dict[str, Any]) -> str:
    """Say where our request is not the one written by hand; empty where they are alike."""
    seen: list[requests.PreparedRequest] = []
    sessions = requests.Session(), requests.Session()
    for session in sessions:
        session.hooks["response"].append(lambda response, **_: seen.append(response.request))
    by_hand(sessions[0], url, document)()
    with Client(base_url=url, token=TOKEN, session=sessions[1], load_entry_points=False) as client:
        ours(client, document)()
    hand, typed = (_plain(one.headers, _EACH) for one in seen)
    if hand != typed:
        return f"the headers differ: {sorted(set(hand.items()) ^ set(typed.items()))}"
    bodies = [json.loads(one.body or b"") for one in seen]
    if bodies[0].keys() != bodies[1].keys():
        return f"the fields differ: {sorted(bodies[0].keys() ^ bodies[1].keys())}"
    hand, typed = (_plain(one, samples.ORIGIN) for one in bodies)
    return "" if hand == typed else "the bodies differ"


def _plain(found: Mapping[str, Any], without: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in without}


def block(create: Create, calls: int) -> tuple[float, float]:
    """Return the microseconds of a call, and those of them that this process computed."""
    for _ in range(_WARMING):  # else whoever comes after its like has the caches for itself
        create()
    begin, busy = time.perf_counter(), time.process_time()
    for _ in range(calls):
        create()
    busy, elapsed = time.process_time() - busy, time.perf_counter() - begin
    return elapsed / calls * 1e6, busy / calls * 1e6


def main(spec: Spec) -> None:
    """Warm up, take turns, and tell all blocks."""
    url, document = f"http://127.0.0.1:{spec['port']}", spec["case"]
    warnings: list[str] = []
    client = Client(base_url=url, token=TOKEN, on_warning=lambda one: warnings.append(one.code))
    untrusting = requests.Session()
    untrusting.trust_env = False
    ways: dict[str, Create] = {
        HAND: by_hand(requests.Session(), url, document),
        "requests, trust_env=False": by_hand(untrusting, url, document),
        OURS: ours(client, document),
        UNCHECKED: ours(client, document, validate=False),
        "stripe": by_stripe(url, document),
        "svix": by_svix(url, document),
    }
    calls = int(spec["calls"])
    problem = difference(url, document)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for create in ways.values():
        block(create, calls)
    gc.collect()
    gc.freeze()  # what is loaded is nobody's garbage
    order, dice = list(ways), random.Random(7)
    for _ in range(int(spec["blocks"])):
        dice.shuffle(order)
        for name in order:
            found[name].append(block(ways[name], calls))
    problems = [problem] if problem else []
    problems += [f"a warning: {code}" for code in dict.fromkeys(warnings)]
    size = len(json.dumps(samples.with_origin(document, "x" * 50, 1.7e9)))
    tell(blocks=found, problems=problems, bytes=size)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
