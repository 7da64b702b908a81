"""The secrets that count at the moment: those in a file may change while a receiver runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self, TypeAlias

import attrs

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.settings.secret import Secret
from fulfillment_sdk.receiver.secrets.totals import fingerprint

logger = logging.getLogger("fulfillment_sdk.receiver")

READ_AFTER: Final = 1.0
"""Seconds after which a file is read again, with the next notification."""

SETTLED_AFTER: Final = 2.0
"""Seconds since a file's last change before what it lacks counts as taken out: somebody may be
writing it just now."""

_WHERE: Final = "The receiver's secrets"

Source: TypeAlias = str | Secret | Mapping[str, str | Path]
"""Secrets with spaces between them: the text itself, or `{"file": path}` or `{"env": NAME}`."""


@attrs.frozen
class Ring:
    """Secrets, newest first, each with the fingerprint that its counts are kept by."""

    secrets: tuple[str, ...] = attrs.field(repr=False)
    fingerprints: tuple[str, ...]

    @classmethod
    def of(cls, secrets: Sequence[str]) -> Self:
        """Make it of secrets that were checked."""
        return cls(tuple(secrets), tuple(map(fingerprint, secrets)))


class LiveSecrets:
    """A receiver's secrets, newest first, as they are given or as their files have them by now.

    What is new in a file counts once it is read; what is no longer there counts until the file has
    been left alone for a moment. While a file can't be used, the secrets of before count. What can
    be read only once, such as a pipe, is read at the start.

    Args:
        given: one source, or several.
        clock: epoch seconds, those of the files' changes.
        steady: seconds since whenever, never going back.

    Raises:
        ConfigurationError: there is no secret, a file can't be used, or a secret is none.
    """

    def __init__(
        self,
        given: Source | Sequence[Source],
        clock: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        sources = (given,) if isinstance(given, str | Secret | Mapping) else tuple(given or ())
        self._sources = tuple(map(_lasting, sources))
        self._files = [
            source["file"]
            for source in self._sources
            if isinstance(source, Mapping) and "file" in source
        ]
        self._clock = clock
        self._steady = steady
        self._ring = Ring.of(read_secrets(self._sources))
        self._due = steady() + READ_AFTER
        self._trouble = ""

    def now(self) -> Ring:
        """Return the secrets by now; a file is read for it at most once a second."""
        # Without a lock: who reads at the same time reads the same, and takes it as a whole.
        if self._files and (now := self._steady()) >= self._due:
            self._due = now + READ_AFTER
            self._read()
        return self._ring

    def _read(self) -> None:
        try:
            found = read_secrets(self._sources)
        except ConfigurationError as error:
            if error.message != self._trouble and self._is_settled():
                self._trouble = error.message
                logger.warning("the secrets of before still count: %s", error.message)
            return
        self._trouble = ""
        live = found if self._is_settled() else with_those_of_before(found, self._ring.secrets)
        if live != self._ring.secrets:
            self._ring = Ring.of(live)
            logger.info("the webhook secrets have changed: %d count now", len(live))

    def _is_settled(self) -> bool:
        """Tell whether nobody is writing the files; asked after they were read."""
        return all(abs(self._clock() - _changed_at(path)) >= SETTLED_AFTER for path in self._files)


def read_secrets(sources: Sequence[Source]) -> tuple[str, ...]:
    """Return the secrets of all sources.

    Raises:
        ConfigurationError: there is none, a file can't be used, or one of them is none.
    """
    texts = [
        source if isinstance(source, str) else Secret.read(source, where=_WHERE).value
        for source in sources
    ]
    found = [secret for text in texts for secret in text.split()]
    if not found:
        raise ConfigurationError(
            "The receiver has no secret",
            remedy="Give it the one that creating the subscription returned.",
        )
    return tuple(signing.check_secret(secret) for secret in found)


def with_those_of_before(found: Sequence[str], before: Sequence[str]) -> tuple[str, ...]:
    """Return what was found, and behind it what was there before and is missing now."""
    return (*found, *(secret for secret in before if secret not in found))


def _lasting(source: Source) -> Source:
    """Return what can be read again and again: reading a pipe anew waits for its next writer."""
    if isinstance(source, Mapping) and "file" in source and not Path(source["file"]).is_file():
        return Secret.read(source, where=_WHERE)
    return source


def _changed_at(path: str | Path) -> float:
    try:
        return Path(path).stat().st_mtime
    except OSError:  # it is gone, which is no way of writing one
        return float("-inf")
