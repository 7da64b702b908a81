"""A partner's WSGI application, for a server that forks: a receiver that tells what it does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fulfillment_sdk import Receiver, StatusChanged, hookimpl

from .witness import Told, Witness

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PLUGIN = "inbox"


@attrs.frozen
class Inbox:
    """A plugin that tells in which process an event arrived."""

    witness: Witness
    name: str = PLUGIN

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        self.witness.tell(
            Told(
                "arrived",
                os.getpid(),
                event_id=event.id,
                case=event.case_id,
                sequence=event.sequence or 0,
                destination=PLUGIN,
            )
        )


def application(folder: str, secret: str) -> WSGIApplication:
    """Return a receiver over `folder`, which tells which process answers with a 2xx."""
    witness = Witness(Path(folder, "witness"))
    receiver = Receiver([secret], folder, [Inbox(witness)], load_entry_points=False).wsgi()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        said: list[str] = []

        def start(
            status: str, headers: list[tuple[str, str]], error: Any = None, /
        ) -> Callable[[bytes], object]:
            said.append(status)
            return start_response(status, headers, error)

        body = receiver(environ, start)
        if said[0].startswith("2"):
            event_id = str(environ["HTTP_WEBHOOK_ID"])
            witness.tell(Told("acknowledged", os.getpid(), event_id=event_id, note=said[0]))
        return body

    return answer
