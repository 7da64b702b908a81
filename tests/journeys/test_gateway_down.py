"""Gateway and portal as two processes, of which one is away for a while."""

from __future__ import annotations

from pathlib import Path

from fulfillment_sdk import Client, signing
from fulfillment_sdk.cli.demo.case import physical_abuse
from tests.ports import free_port

from ._partner import Endpoint, Recorder, verified
from ._server import ServerProcess
from ._staff import Staff


def test_a_gateway_that_was_down_gets_everything_once_and_in_order(tmp_path: Path) -> None:
    plugin, endpoint = Recorder(), Endpoint()
    shared = {
        "FULFILLMENT_INTAKE_TOKEN": "intake-token-of-both",
        "FULFILLMENT_NOTIFY_SECRETS": signing.new_secret(),
    }
    gateway_port = free_port()
    portal = ServerProcess(
        tmp_path / "portal",
        flags=["--dev", "--role", "portal"],
        environ={
            **shared,
            "FULFILLMENT_GATEWAY_URL": f"http://127.0.0.1:{gateway_port}",
            "FULFILLMENT_NOTIFY_BACKOFF": "0.05:0.2",
        },
    )
    with portal:
        gateway = ServerProcess(
            tmp_path / "gateway",
            flags=["--dev", "--role", "gateway"],
            port=gateway_port,
            environ={**shared, "FULFILLMENT_PORTAL_URL": portal.address},
        ).start()
        with Client(base_url=gateway.address) as client:
            verified(client, gateway)
            subscription = client.subscriptions.create(url=endpoint.address)
            assert subscription.secret
            with endpoint.receiving(subscription.secret, tmp_path / "receiver", plugin):
                created = client.cases.create(physical_abuse())
                events = plugin.take(1)

                gateway.stop()
                staff = Staff(portal)
                staff.hire()
                staff.move(created.id, "allocated")
                staff.move(created.id, "in_progress")
                staff.submit(created.id)
                assert staff.pending() == 3

                with gateway:
                    events += plugin.take(3)
                    staff.approve(created.id)
                    events += plugin.take(2)

    assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
    assert [event.new_status for event in events] == [
        *("new", "allocated", "in_progress", "submitted", "qc_passed", "qc_passed"),
    ]
    assert plugin.rest() == []
