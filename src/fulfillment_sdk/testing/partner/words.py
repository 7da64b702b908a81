"""The words by which tests name notifications: a status, `completed`, or else an event's type."""

from __future__ import annotations

from typing import Final

from fulfillment_sdk.configuration.toml_file import did_you_mean
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.lifecycle import STATUSES

COMPLETED: Final = "completed"


def checked(word: str) -> str:
    """Return a word that a notification may go by.

    Raises:
        ConfigurationError: none ever does, so that what waits for it would do nothing, unseen.
    """
    if word in STATUSES or word == COMPLETED or "." in word:  # types have dots, statuses don't
        return word
    raise ConfigurationError(
        f"No notification tells of {word}", remedy=did_you_mean(word, [*STATUSES, COMPLETED])
    )
