"""From a partner's code to the portal and all the way back, in real processes over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path

from fulfillment_sdk import CaseCompleted, Client, wire
from fulfillment_sdk.cli.demo.case import physical_abuse

from ._partner import Endpoint, Recorder, verified
from ._server import ServerProcess
from ._staff import Staff

TIMELINE = [
    (1, None, "new", "Case created"),
    (2, "new", "allocated", "Case allocated to worker"),
    (3, "allocated", "in_progress", "Case in progress"),
    (4, "in_progress", "submitted", "Case submitted for review"),
    (5, "submitted", "qc_passed", "Case status changed from 'submitted' to 'qc_passed'"),
    (
        *(6, "submitted", "qc_passed"),
        "Case completed - includes full verification data and report",
    ),
]


def test_the_documents_timeline_reaches_a_plugin_once_and_in_order(tmp_path: Path) -> None:
    plugin, endpoint = Recorder(), Endpoint()
    with (
        ServerProcess(tmp_path / "server") as server,
        Client(base_url=server.address) as client,
    ):
        verified(client, server)
        subscription = client.subscriptions.create(url=endpoint.address)
        assert subscription.secret
        with endpoint.receiving(subscription.secret, tmp_path / "receiver", plugin):
            created = client.cases.create(physical_abuse())
            staff = Staff(server)
            staff.hire()
            staff.move(created.id, "allocated")
            staff.move(created.id, "in_progress")
            staff.submit(created.id)
            staff.approve(created.id)
            events = plugin.take(6)
            report = client.cases.download_report(created.id, to=tmp_path / "report.pdf")

    assert [
        (event.sequence, event.previous_status, event.new_status, event.message) for event in events
    ] == TIMELINE
    assert plugin.rest() == []
    assert {event.case_id for event in events} == {created.id}
    assert {event.reference_number for event in events} == {created.reference_number}
    assert len({event.id for event in events}) == 6

    completion = events[-1]
    assert isinstance(completion, CaseCompleted)
    assert completion.transition_id == events[-2].transition_id
    assert completion.outcome == "positive"
    assert completion.case is not None
    assert [entry.new_status for entry in completion.case.timeline] == [
        *("new", "allocated", "in_progress", "submitted", "qc_passed"),
    ]
    sent = json.loads(wire.dumps(physical_abuse()))
    assert {key: completion.case.request[key] for key in sent} == sent
    (form,) = completion.form_submissions
    assert dict(form.data) == {"visited": True, "notes": "Žofie"}
    assert completion.qc_review is not None
    assert (completion.qc_review.result, completion.qc_review.comments) == ("pass", "All there.")
    assert completion.report_url == (
        f"{server.address}/api/webhook/webform/cases/{created.id}/report/"
    )
    assert report.read_bytes().startswith(b"%PDF-")


def test_what_waits_when_the_server_stops_goes_out_when_it_is_back(tmp_path: Path) -> None:
    plugin, endpoint = Recorder(), Endpoint()
    environ = {"FULFILLMENT_RETRY_SCHEDULE": "0" + ",0.5" * 50}
    server = ServerProcess(tmp_path / "server", environ=environ).start()
    with Client(base_url=server.address) as client:
        verified(client, server)
        subscription = client.subscriptions.create(url=endpoint.address)
        assert subscription.secret
        created = client.cases.create(physical_abuse())
    server.stop()
    with endpoint.receiving(subscription.secret, tmp_path / "receiver", plugin), server:
        (event,) = plugin.take(1)
    assert (event.case_id, event.new_status) == (created.id, "new")
    assert plugin.rest() == []
