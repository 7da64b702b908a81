"""How long a server waits for a slow peer, and for what: decided here, done in ``protocol``."""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

Stage = Literal["head", "idle", "body", "rest", "answer"]
"""What a connection is at: a request's head or body comes in, or an answer is being made.

- ``"head"``: opened, or the next request has begun, and its head is not complete.
- ``"idle"``: all is answered, and nothing more has come.
- ``"body"``: a head was complete, its body is not.
- ``"rest"``: the same, but the answer was given without waiting for it.
- ``"answer"``: it is the server's turn.
"""

End = Literal["refuse", "close", "abort"]
"""How it ends: with an answer (408), in order, or at once with whatever was not read."""


@frozen(kw_only=True)
class Patience:
    """The limits of one connection, in seconds and bytes, and of all of them together.

    A body must bring ``body_bytes`` in every ``body_window``, and have an end after ``body``.
    ``unread`` is how long an answer may lie there without the peer taking ``unread_bytes`` of it.
    Of all ``connections`` one address has ``of_one`` at most, unless it is in one of the networks
    ``spared``: those of proxies, behind which there are many.
    """

    head: float = 10.0
    idle: float = 80.0
    body_window: float = 20.0
    body_bytes: int = 1024
    body: float = 330.0
    rest: float = 30.0
    unread: float = 30.0
    unread_bytes: int = 64 * 1024
    connections: int = 1000
    of_one: int = 250
    spared: tuple[str, ...] = ("127.0.0.0/8", "::1/128")

    @property
    def look(self) -> float:
        """How often to look: often enough that no limit lasts much longer than it says."""
        limits = (self.head, self.idle, self.body_window, self.body, self.rest, self.unread)
        return min(1.0, min(limits) / 4)


USUAL: Final = Patience()


@frozen(kw_only=True)
class Sight:
    """What is seen of a connection at one look; times are seconds that have passed.

    ``since`` is how long it is at its stage, ``window`` how long ago the body's bytes were last
    counted, ``came`` how many came since, and ``unread`` for how long bytes wait to be taken,
    ``None`` where none do. ``held`` says that the server itself does not read on now.
    """

    stage: Stage
    since: float
    window: float = 0.0
    came: int = 0
    unread: float | None = None
    held: bool = False


def verdict(sight: Sight, patience: Patience) -> End | None:
    """Say how a connection is to end, ``None`` where it may go on. Pure."""
    if sight.unread is not None and sight.unread >= patience.unread:
        return "abort"
    match sight.stage:
        case "head":
            return "refuse" if sight.since >= patience.head else None
        case "idle":
            return "close" if sight.since >= patience.idle else None
        case "rest":
            return "close" if sight.since >= patience.rest else None
        case "body":
            slow = sight.window >= patience.body_window and sight.came < patience.body_bytes
            # What we don't read is not the peer's delay.
            late = slow and not sight.held
            return "refuse" if late or sight.since >= patience.body else None
        case "answer":
            return None
