"""What a client loads, and when: nobody waits for what is not used yet."""

from __future__ import annotations

import subprocess
import sys
from functools import cached_property
from importlib.util import find_spec

import pytest

from fulfillment_sdk import Client
from fulfillment_sdk.client.client import Client as Composed

GROUPS = [name for name, value in vars(Composed).items() if isinstance(value, cached_property)]

IMPORT = "from fulfillment_sdk import Client, NewCase, Person\n"
# A session that answers by itself.
CLIENT = """
import io, requests
from requests.adapters import BaseAdapter

class Gateway(BaseAdapter):
    def send(self, request, **settings):
        answer = requests.Response()
        answer.status_code = 201
        answer.raw = io.BytesIO(b'{"id": "case_1", "reference_number": "HL-1"}')
        return answer

    def close(self):
        pass

session = requests.Session()
session.mount("https://", Gateway())
client = Client(base_url="https://gateway.example", token="any", session=session)
"""
CREATE = """
case = NewCase(
    reporter=Person(fname="John Doe"),
    gbv_related=False,
    case_category_id="362484",
    narrative="Harassment at the workplace.",
    plan="Refer to legal aid.",
    priority="2",
    status="1",
)
"""
ONCE = "print(client.cases.create(case).id)\n"
AT_ONCE = """
import threading

COUNT = 64
together = threading.Barrier(COUNT)
came = []

def run():
    together.wait()
    made = client.cases.create(case)
    came.append((made.id, client.events.page.__name__, client.subscriptions.list.__name__))

threads = [threading.Thread(target=run) for _ in range(COUNT)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(came), *{*came})
"""

# With the first call of its kind, or the first answer that cattrs reads; what is named below
# comes with the first call of any kind, or with the client.
LATER = (
    "fulfillment_sdk.client.attachments",
    "fulfillment_sdk.client.auth",
    "fulfillment_sdk.client.emails",
    "fulfillment_sdk.client.events",
    "fulfillment_sdk.client.exchange.refusals",
    "fulfillment_sdk.client.subscriptions",
    "fulfillment_sdk.models.completion",
    "fulfillment_sdk.models.events",
    "fulfillment_sdk.models.subscription",
    "fulfillment_sdk.receiver",
    "fulfillment_sdk.signing",
    "asyncio",
    "cattrs",
    "jwt",
    "keyring",
    "pluggy",
    "sqlalchemy",
)
WITH_A_CALL = ("fulfillment_sdk.client.cases", "fulfillment_sdk.advice")
WITH_A_CLIENT = ("fulfillment_sdk.client.transport", "requests", "urllib3")


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=50
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (IMPORT, (*LATER, *WITH_A_CALL, *WITH_A_CLIENT)),
        (IMPORT + CLIENT, (*LATER, *WITH_A_CALL)),
        (IMPORT + CLIENT + CREATE + "client.cases.create(case)\n", LATER),
    ],
    ids=["the import", "a client", "the first case"],
)
def test_what_is_not_used_is_not_loaded(code: str, absent: tuple[str, ...]) -> None:
    loaded = run(f"{code}import sys\nprint([one for one in {absent!r} if one in sys.modules])")
    assert loaded == "[]"


@pytest.mark.parametrize(
    ("code", "present"),
    [(IMPORT + CLIENT, WITH_A_CLIENT), (IMPORT + CLIENT + CREATE + ONCE, WITH_A_CALL)],
)
def test_what_is_used_goes_by_the_names_above(code: str, present: tuple[str, ...]) -> None:
    missing = run(
        f"{code}import sys\nprint([one for one in {present!r} if one not in sys.modules])"
    )
    assert missing.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", [one for one in LATER if one.startswith("fulfillment_sdk.")])
def test_what_comes_later_is_there(name: str) -> None:
    assert find_spec(name) is not None


def test_the_very_first_calls_may_be_64_threads_at_once() -> None:
    assert run(IMPORT + CLIENT + CREATE + AT_ONCE) == "64 ('case_1', 'page', 'list')"


def test_the_groups_are_those_of_the_docstring() -> None:
    assert Client.__doc__ is not None
    grouped = Client.__doc__.partition("The calls are grouped: ")[2].partition(".")[0]
    assert {f"`{name}`" for name in GROUPS} == {*grouped.split(", ")}


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_is_one_for_its_client_and_another_with_other_options(name: str) -> None:
    client = Client(base_url="https://gateway.example", token="any")
    group = getattr(client, name)
    other = client.with_options(timeout=1.0)
    assert getattr(client, name) is group
    assert getattr(other, name) is not group
    assert type(getattr(other, name)) is type(group)
