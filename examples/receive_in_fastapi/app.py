"""A FastAPI application that is told what becomes of its cases: `uvicorn app:app`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from cases import Cases
from fastapi import FastAPI, HTTPException

from fulfillment_sdk import Receiver, StatusChanged, hookimpl

cases = Cases(os.environ.get("CASES", "cases.db"))
news = asyncio.Condition()


class Tracker:
    name = "tracker"

    @hookimpl
    async def fulfillment_status_changed(self, event: StatusChanged) -> None:
        # In the application's own loop: it may use whatever lives there.
        await asyncio.to_thread(cases.note, event)
        async with news:
            news.notify_all()


receiver = Receiver(
    secrets=os.environ["FULFILLMENT_WEBHOOK_SECRET"],
    data=os.environ.get("INBOX", "inbox"),
    plugins=[Tracker()],
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with receiver.running():
        yield


app = FastAPI(lifespan=lifespan)
app.mount("/fulfillment", receiver.asgi())


@app.get("/cases/{case_id}")
async def show(case_id: str, after: int = 0, wait: float = 0) -> dict[str, object]:
    """Show a case; with `wait`, as soon as something newer than `after` is known of it."""
    found: dict[str, object] | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(min(wait, 25) or None), news:
            while (found := await asyncio.to_thread(cases.find, case_id)) is None or (
                int(str(found["sequence"])) <= after
            ):
                if not wait:
                    break
                await news.wait()
    if found is None:
        raise HTTPException(404)
    return found
