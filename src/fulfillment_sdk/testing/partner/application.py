"""The partner's end: a receiver in the process of the tests, or an application elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import requests

from fulfillment_sdk import wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay import Filter, RetryPolicy
from fulfillment_sdk.testing.partner.arrivals import RETRIES, Received, Recorder
from fulfillment_sdk.testing.partner.proxy import Answer, Request

_SECONDS: Final = 20.0
_SOON: Final = RetryPolicy(schedule=RETRIES, jitter=0)

# What a hop says to the next one only.
_OF_THE_HOP: Final = frozenset({"host", "connection", "content-length", "transfer-encoding"})


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what the gateway goes by; an answer's body it does without."""
    return {name: text for name, text in headers.items() if name.lower() == "retry-after"}


class OwnReceiver:
    """A real receiver in this process, with the partner's plugins and sinks.

    Args:
        folder: where it keeps what it has.
        plugins: the partner's; one that notes what arrives is beside them.
        options: further arguments of `Receiver`; `policy` tries again soon unless it is there.
    """

    def __init__(self, folder: Path, plugins: Iterable[object], options: Mapping[str, Any]) -> None:
        self._folder = folder
        self._plugins = tuple(plugins)
        self._options = {"policy": _SOON, "load_entry_points": False, **options}
        self.received = Received(self._pending)
        self._receiver: Receiver | None = None

    @property
    def receiver(self) -> Receiver:
        """The receiver as it runs now."""
        assert self._receiver is not None, "the receiver is not started"
        return self._receiver

    def start(self, *secrets: str) -> None:
        """Start it with these secrets, the newest first; one that runs is stopped before.

        What it has stays: it is as if the application had been started anew.
        """
        self.stop()
        plugins = [Recorder(self.received.take), *self._plugins]
        self._receiver = Receiver(list(secrets), self._folder, plugins, **self._options)
        self._receiver.start()

    def stop(self) -> None:
        """Finish what is in hand, and stop."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.stop()

    def forward(self, request: Request) -> Answer:
        """Have it answer a notification; while it is stopped nobody does."""
        receiver = self._receiver
        if receiver is None:
            raise ConnectionRefusedError
        reply = receiver.handle("POST", request.headers, request.body)
        return Answer(reply.status, _kept(dict(reply.headers)))

    def _pending(self, case_id: str) -> Sequence[str]:
        found = self.receiver.relay.undelivered(Filter(lane=case_id)).result()
        return [
            f"{one.destination} has not taken {one.event_id} ({one.state}): {one.why or 'not yet'}"
            for one in found
        ]


class Elsewhere:
    """An application of the partner's own, at an address.

    What it answers with a 2xx counts as received. Whatever it does with it then is its own.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._seen: set[str] = set()
        self._session = requests.Session()
        self._session.trust_env = False
        self.received = Received(lambda _case_id: ())

    def forward(self, request: Request) -> Answer:
        """Post a notification to it."""
        headers = {
            name: text for name, text in request.headers.items() if name.lower() not in _OF_THE_HOP
        }
        answer = self._session.post(
            self._url, request.body, headers=headers, timeout=_SECONDS, allow_redirects=False
        )
        if answer.ok:
            self._take(request.body)
        return Answer(answer.status_code, _kept(answer.headers))

    def stop(self) -> None:
        """Close the connections to it."""
        self._session.close()

    def _take(self, body: bytes) -> None:
        try:
            event = wire.load_event(body)
        except PayloadError:
            return
        if event.id not in self._seen:
            self._seen.add(event.id)
            self.received.take(event)
