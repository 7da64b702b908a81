"""An answer other than the one hoped for, raised from the depth of a transaction to undo it."""

from __future__ import annotations


class Refusal(Exception):
    """The portal will not do what was asked.

    ``status`` is the HTTP status, ``message`` what the caller reads: it says what to do instead
    and never echoes a value.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found() -> Refusal:
    """What is asked for does not exist, or not for the one who asks."""
    return Refusal(404, "Not found")
