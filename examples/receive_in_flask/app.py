"""A Flask application that is told what becomes of its cases: `gunicorn app:app`."""

from __future__ import annotations

import os

from cases import Cases
from flask import Flask, abort

from fulfillment_sdk import Receiver, StatusChanged, hookimpl

cases = Cases(os.environ.get("CASES", "cases.db"))


class Tracker:
    name = "tracker"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        cases.note(event)


receiver = Receiver(
    secrets=os.environ["FULFILLMENT_WEBHOOK_SECRET"],
    data=os.environ.get("INBOX", "inbox"),
    plugins=[Tracker()],
)

app = Flask(__name__)
app.wsgi_app = receiver.wsgi(app.wsgi_app, at="/fulfillment/")


@app.get("/cases/<case_id>")
def show(case_id: str) -> dict[str, object]:
    return cases.find(case_id) or abort(404)
