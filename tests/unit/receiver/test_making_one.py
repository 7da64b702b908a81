"""Making a receiver checks all of its settings, and opens nothing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError, PluginError
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.store import Sealer
from fulfillment_sdk.store.keys import KEYS_VARIABLE, format_keys
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import Inbox, MakeReceiver, signed

BODY = status_changed()


def test_making_a_receiver_opens_nothing(make_receiver: MakeReceiver, tmp_path: Path) -> None:
    make_receiver(Inbox())

    assert list(tmp_path.iterdir()) == []


def test_a_folder_gets_a_database_and_keys_that_only_their_owner_reads(
    make_receiver: MakeReceiver, tmp_path: Path
) -> None:
    make_receiver(Inbox()).start()

    keys = tmp_path / "data" / "storage-keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert (tmp_path / "data" / "receiver.db").exists()


def test_bodies_are_sealed(make_receiver: MakeReceiver, tmp_path: Path) -> None:
    receiver = make_receiver(Inbox())

    receiver.handle("POST", signed(BODY), BODY)
    receiver.stop()

    assert b"HL-CMS-000123" not in (tmp_path / "data" / "receiver.db").read_bytes()


def test_a_database_of_its_own_can_be_named(make_receiver: MakeReceiver, tmp_path: Path) -> None:
    keys = format_keys([("k1", Sealer.new_key())])
    receiver = make_receiver(Inbox(), data=f"sqlite:///{tmp_path / 'own.db'}", storage_keys=keys)

    assert receiver.handle("POST", signed(BODY), BODY).status == 202
    assert (tmp_path / "own.db").exists()
    assert not (tmp_path / "storage-keys").exists()


def test_a_database_on_a_server_needs_storage_keys(make_receiver: MakeReceiver) -> None:
    with pytest.raises(ConfigurationError, match=f"Set {KEYS_VARIABLE}"):
        make_receiver(Inbox(), data="postgresql+psycopg://host/db")


@pytest.mark.parametrize("secrets", [[], "", "whsec_short", ["secret"]])
def test_secrets_that_cannot_be_are_refused(secrets: list[str] | str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        Receiver(secrets, tmp_path)


def test_a_plugin_that_is_not_in_order_is_refused(make_receiver: MakeReceiver) -> None:
    with pytest.raises(PluginError, match="has no hook"):
        make_receiver(object())


def test_a_plugin_that_no_receiver_calls_is_refused(make_receiver: MakeReceiver) -> None:
    class Observer:
        name = "observer"

        @hookimpl
        def fulfillment_before_request(self) -> None: ...

    with pytest.raises(PluginError, match="observer has no hook that a receiver calls"):
        make_receiver(Observer())


def test_starting_and_stopping_twice_does_no_harm(make_receiver: MakeReceiver) -> None:
    receiver = make_receiver(Inbox())

    receiver.start()
    receiver.start()
    receiver.stop()
    receiver.stop()

    assert receiver.handle("POST", signed(BODY), BODY).status == 202
