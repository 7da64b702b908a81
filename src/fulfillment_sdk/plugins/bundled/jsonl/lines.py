"""What a line is, and what a line that was never finished looks like."""

from __future__ import annotations

import json

from fulfillment_sdk import strictjson
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.relay import Delivery
from fulfillment_sdk.times import format_time
from fulfillment_sdk.wire.events import EVENT_DEPTH

BEGINNING = b'{"received_at":"'

# Between the values of JSON a line break is white space, and within a text it is always escaped.
_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def line_of(delivery: Delivery) -> bytes | None:
    """Return the line for an event, its end included; None where its body is no JSON object.

    The body stands in it byte for byte, but for line breaks between its values.
    """
    try:
        strictjson.parse_object(delivery.body, depth=EVENT_DEPTH)
    except PayloadError:
        return None
    notes = delivery.notes
    noted = b'"notes":' + json.dumps(dict(notes)).encode() + b"," if notes else b""
    received = format_time(delivery.accepted_at).encode()
    body = delivery.body.strip().translate(_ON_ONE_LINE)
    return b"".join((BEGINNING, received, b'",', noted, b'"event":', body, b"}\n"))


def is_torn(tail: bytes) -> bool:
    """Tell whether what stands behind a file's last line break is a line of ours, broken off.

    `tail` is its beginning, of some 16 bytes or more if there are as many. A file system may also
    leave zeros where a machine lost its power.
    """
    return tail.startswith((BEGINNING, b"\0")) or BEGINNING.startswith(tail)
