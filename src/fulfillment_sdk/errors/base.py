"""The trunk of the tree: what every error has."""

from __future__ import annotations

from typing import ClassVar


class FulfillmentError(Exception):
    """Everything this package raises on purpose.

    ``message`` says what happened, ``cause`` what mostly leads to it, and ``remedy`` what to do
    about it (both may be empty).
    """

    default_remedy: ClassVar[str] = ""
    cause: str = ""
    message: str
    remedy: str

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.default_remedy

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.message, self.advice)))

    @property
    def advice(self) -> str:
        """Cause and remedy as one line, empty where neither is known.

        Whoever gives a remedy of its own knows better than the kind of error what the cause was.
        """
        usual = self.cause if self.remedy == self.default_remedy else ""
        return ". ".join(filter(None, (usual, self.remedy)))

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments don't survive the default pickling of exceptions.
        return (restore, (type(self), self.args, dict(self.__dict__)))


def restore(
    cls: type[FulfillmentError], args: tuple[object, ...], state: dict[str, object]
) -> FulfillmentError:
    """Make an error again of what pickling and copying have kept of it."""
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error
