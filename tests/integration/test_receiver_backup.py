"""A receiver's folder is backed up while it takes notifications, and goes on from there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fulfillment_sdk import Receiver, signing
from fulfillment_sdk.server.backup import making, restoring
from fulfillment_sdk.server.backup.progress import silent
from tests.unit.plugins.bodies import status_changed

SECRET = signing.new_secret(lambda size: b"r" * size)


def take(receiver: Receiver, event_id: str) -> int:
    """Bring the receiver a notification, and return how it answers."""
    body = status_changed()
    headers = signing.headers([SECRET], event_id, int(time.time()), body)
    return receiver.handle("POST", {**headers, "content-type": "application/json"}, body).status


def receiver_in(folder: Path) -> Receiver:
    return Receiver([SECRET], folder, load_entry_points=False, dispatch=False)


@pytest.mark.parametrize("with_secrets", [True, False])
def test_what_it_had_taken_is_known_again_and_what_came_later_is_new(
    tmp_path: Path, with_secrets: bool
) -> None:
    receiver = receiver_in(tmp_path / "inbox")
    try:
        assert take(receiver, "evt_1") == 202
        source = making.find(tmp_path / "inbox", None, [])
        making.make(
            source, tmp_path / "backup", with_secrets=with_secrets, now=0.0, progress=silent
        )
        assert take(receiver, "evt_2") == 202
    finally:
        receiver.stop()
    folder = tmp_path / "again"
    restored = restoring.restore(tmp_path / "backup", folder, url=None, progress=silent)
    if not with_secrets:
        assert restoring.missing(folder, restored, ()) == ("storage-keys",)
        (folder / "storage-keys").write_text((tmp_path / "inbox" / "storage-keys").read_text())
    again = receiver_in(folder)
    try:
        assert take(again, "evt_1") == 200
        assert take(again, "evt_2") == 202
    finally:
        again.stop()
