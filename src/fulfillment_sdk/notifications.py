"""What an incoming notification is, decided from its headers and bytes alone (contract, section 4).

Gateway and receiver stand at the end of a hop and ask the same question: is this rightly signed,
and can it be read? The answer is a value; what each of them then stores and says is its own affair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

from fulfillment_sdk import signing, wire
from fulfillment_sdk.errors import PayloadError, SignatureError, SignatureReason
from fulfillment_sdk.models.events import Event

MAX_BODY = 16 * 1024 * 1024
"""A notification of more bytes is answered with 413."""


@attrs.frozen(slots=True)
class Notification:
    """The verdict on one incoming notification.

    ``kind`` says which of the other attributes count:

    - ``"accepted"``: ``event`` is the typed event, ``lane`` the case it belongs to (the event's own
      id where it names no case).
    - ``"unreadable"``: rightly signed, but no event can be made of it; ``why`` says so. Store it,
      answer 202, report it.
    - ``"refused"``: ``reason`` is that of the ``SignatureError``, ``why`` its words. Answer 401,
      store nothing.

    ``id`` is the signed ``webhook-id`` (empty when refused) and ``secret_index`` the secret that
    matched, 0 being the newest. ``why`` never holds a part of the body.
    """

    kind: Literal["accepted", "refused", "unreadable"]
    why: str = ""
    reason: SignatureReason | None = None
    id: str = ""
    secret_index: int = -1
    lane: str = ""
    event: Event | None = attrs.field(default=None, repr=False)


def read_notification(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float
) -> Notification:
    """Verify and read one notification; never raises for anything a peer can send.

    ``headers`` are the request's, in any case; ``body`` the bytes as they came; ``secrets`` the
    live ones, newest first; ``now`` in epoch seconds. An event counts as readable when
    `wire.load_event` takes it and its ``id`` is the signed one. Contract, section 4.
    """
    try:
        verified = signing.verify(headers, body, secrets=secrets, now=now)
    except SignatureError as error:
        return Notification("refused", why=error.message, reason=error.reason)
    unreadable = Notification("unreadable", id=verified.id, secret_index=verified.secret_index)
    try:
        event = wire.load_event(body)
    except PayloadError as error:
        return attrs.evolve(unreadable, why=" ".join(str(error).split())[:200])
    if event.id != verified.id:
        return attrs.evolve(unreadable, why="the event's id is not the signed webhook-id")
    return Notification(
        "accepted",
        id=verified.id,
        secret_index=verified.secret_index,
        lane=event.case_id or verified.id,
        event=event,
    )
