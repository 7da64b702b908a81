"""A sink that publishes events to a NATS JetStream, each under its id, so that each is there once.

The kind is `nats`; `sink` delivers, `answers` says what its errors mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from fulfillment_sdk.plugins import RegisterSink, Secret, hookimpl

if TYPE_CHECKING:
    from fulfillment_sink_nats.sink import NatsSink

CONCURRENCY = 64
"""Cases at once: they share a connection, and each waits for an acknowledgement of its own."""

_word = r"[A-Za-z0-9_-]+"
_positive = attrs.validators.gt(0)


@attrs.frozen(kw_only=True)
class NatsSettings:
    """What a table of kind `nats` may say.

    Args:
        servers: one cluster's, as `nats://user:password@host:4222` or `tls://…`.
        stream: the JetStream's name.
        subject: what the subjects begin with; an event's type follows.
        credentials: a `.creds` file, where the servers want one.
        create: whether the stream is made where there is none.
        remember: for how many seconds a stream that is made knows a repetition. Longer than this
            sink's table tries again.
        timeout_seconds: how long a connection, and then an acknowledgement, may take.
    """

    servers: tuple[Secret, ...]
    stream: str = attrs.field(default="FULFILLMENT", validator=attrs.validators.matches_re(_word))
    subject: str = attrs.field(
        default="fulfillment", validator=attrs.validators.matches_re(rf"{_word}(\.{_word})*")
    )
    credentials: Path | None = None
    create: bool = True
    remember: float = attrs.field(default=172_800.0, validator=_positive)
    timeout_seconds: float = attrs.field(default=5.0, validator=_positive)


def make_nats_sink(settings: NatsSettings) -> NatsSink:
    """Make a sink of kind `nats`; connects to nothing yet."""
    # Only who has such a sink waits for the client's import.
    from fulfillment_sink_nats.sink import NatsSink

    return NatsSink(settings)


@hookimpl
def fulfillment_register_sinks(register: RegisterSink) -> None:
    """Offer the kind `nats`."""
    register("nats", NatsSettings, make_nats_sink, concurrency=CONCURRENCY)
