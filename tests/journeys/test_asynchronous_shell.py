"""A partner's whole round on asyncio, with the calls that the blocking client runs as well."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import attrs
import pytest

from fulfillment_sdk import AttachmentRef, errors
from fulfillment_sdk.cli.demo.case import physical_abuse
from fulfillment_sdk.client import auth, events
from fulfillment_sdk.client.attachments import store
from fulfillment_sdk.client.calls import cases as case_calls
from fulfillment_sdk.client.calls import subscriptions as subscription_calls
from fulfillment_sdk.client.calls.call import Call
from fulfillment_sdk.client.calls.creation import Creation
from fulfillment_sdk.client.feed import Feed
from fulfillment_sdk.client.files.download import ToFile, Wanted
from fulfillment_sdk.client.files.uploads import FormUpload
from fulfillment_sdk.client.paging import Page
from fulfillment_sdk.models import CaseSummary
from tests.asynchronous import AsyncRunner

from ._server import SECONDS, ServerProcess

EMAIL = "async@partner.example"
ORGANIZATION = "Asynchronous partner"
CREATION = Creation(new_id=lambda: "id-1", clock=lambda: 1_743_849_002.0)
NOTE = b"The gate is blue."


async def verified(runner: AsyncRunner, session: aiohttp.ClientSession, address: str) -> None:
    await runner.run(auth.request_verification(EMAIL, ORGANIZATION))
    async with session.get(f"{address}/dev/mailbox/", params={"to": EMAIL}) as mailbox:
        text: str = (await mailbox.json())[0]["text"]
    (code,) = {word.strip(".:") for word in text.split() if word.strip(".:").isdigit()}
    answer = await runner.run(auth.verify_otp(EMAIL, code, ORGANIZATION))
    runner.bearer.take(answer.token)


async def whole_round(address: str, folder: Path) -> None:
    async with aiohttp.ClientSession() as session:
        runner = AsyncRunner(address, session, timeout=SECONDS)
        await verified(runner, session, address)

        stored = await runner.run(store(FormUpload(io.BytesIO(NOTE), name="gate.txt")))
        reference = AttachmentRef(attachment_id=stored.attachment_id)
        case = attrs.evolve(physical_abuse(), attachments_case=[reference])
        first, again = await asyncio.gather(
            *(runner.run(CREATION.call(case, idempotency_key="async-1")) for _ in range(2))
        )
        assert first.id == again.id
        assert "idempotency" in runner.facts.features

        with ToFile(folder / "gate.txt", Wanted(limit=1000)) as file:
            await runner.run(
                case_calls.file(first.id, stored.attachment_id, file, lambda _got: file.finish())
            )
        assert (folder / "gate.txt").read_bytes() == NOTE

        assert (await runner.run(case_calls.cancel(first.id))).status == "cancelled"
        with pytest.raises(errors.NotFound) as raised:
            await runner.run(case_calls.reissue("case_of_nobody"))
        assert raised.value.request_id is not None

        def page(cursor: str | None) -> Call[Page[CaseSummary]]:
            return case_calls.page(cursor, 1, status=None, reference_number=None, src_uid="async-1")

        found = [one.id async for page in runner.pages(page) for one in page.items]
        assert found == [first.id]

        statuses = []
        async for event in runner.events(feed_of(first.id)):
            statuses.append(event.new_status)
            if event.final:
                break
        assert statuses == ["new", "cancelled"]

        fields = subscription_calls.Fields(url="http://127.0.0.1:9/hook/")
        made = await runner.run(subscription_calls.create(fields, idempotency_key="async-2"))
        assert made.secret
        await runner.run(subscription_calls.delete(made.id))

        held = runner.bearer.known
        await runner.run(auth.revoke(held.token if held else None))
        with pytest.raises(errors.Unauthorized):
            await runner.run(case_calls.show(first.id))


def feed_of(case_id: str) -> Feed:
    return Feed(
        lambda cursor, wait: events.page(cursor, case_id=case_id, wait=wait, size=50),
        after=None,
        wait=SECONDS / 2,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("asynchronous") / "data") as server:
        yield server


def test_all_calls_can_be_run_by_another_shell(server: ServerProcess, tmp_path: Path) -> None:
    asyncio.run(whole_round(server.address, tmp_path))
