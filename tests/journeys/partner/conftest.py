"""The fixtures as a partner has them, whether or not the package is installed here."""

from __future__ import annotations

from fulfillment_sdk.testing.pytest_plugin import (
    _fulfillment_link,
    _fulfillment_process,
    drive,
    faults,
    fulfillment_endpoint,
    fulfillment_plugins,
    fulfillment_receiver,
    fulfillment_receiver_options,
    fulfillment_secret,
    fulfillment_server,
    fulfillment_server_settings,
    make_case,
    received,
)

__all__ = [
    "_fulfillment_link",
    "_fulfillment_process",
    "drive",
    "faults",
    "fulfillment_endpoint",
    "fulfillment_plugins",
    "fulfillment_receiver",
    "fulfillment_receiver_options",
    "fulfillment_secret",
    "fulfillment_server",
    "fulfillment_server_settings",
    "make_case",
    "received",
]
