"""A Starlette application that is told what becomes of its cases: `uvicorn app:app`."""

from __future__ import annotations

import os

from cases import Cases
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fulfillment_sdk import Receiver, StatusChanged, hookimpl

cases = Cases(os.environ.get("CASES", "cases.db"))


class Tracker:
    name = "tracker"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        cases.note(event)  # in a thread: it may block


receiver = Receiver(
    secrets=os.environ["FULFILLMENT_WEBHOOK_SECRET"],
    data=os.environ.get("INBOX", "inbox"),
    plugins=[Tracker()],
)


def show(request: Request) -> JSONResponse:
    found = cases.find(request.path_params["case_id"])
    return JSONResponse(found, 200 if found else 404)


app = receiver.asgi(Starlette(routes=[Route("/cases/{case_id}", show)]), at="/fulfillment/")
