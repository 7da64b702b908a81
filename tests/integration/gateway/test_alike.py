"""What a request for a code must not tell: the same work for every pair (contract, section 1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import event

from tests.integration.gateway.parts import BASE, House


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the SQL that any engine executes while the block runs."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)


async def test_a_request_for_a_code_does_the_same_work_whatever_the_organization_is(
    house: House,
) -> None:
    token = await house.token()
    await house.post(f"{BASE}/emails/", {"email": "member@example.org"}, token=token)
    done = {}
    for pair in (
        ("member@example.org", "Hope Foundation"),
        ("stranger@example.org", "Hope Foundation"),
        ("stranger@example.org", "A name that nobody has"),
    ):
        with statements() as found:
            assert (await house.ask(*pair)).status_code == 200
        done[pair] = [one for one in found if "gateway_" in one]
    first, *others = done.values()
    assert len(first) > 4
    assert others == [first, first]
