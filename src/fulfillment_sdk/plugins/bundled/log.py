"""The kind `log`: a line in the application's log for each event, codes and ids alone."""

from __future__ import annotations

import logging
import re
from typing import Literal

import attrs

from fulfillment_sdk.plugins.bundled.facts import Facts, read_facts
from fulfillment_sdk.relay import Delivered, Delivery, Outcome
from fulfillment_sdk.relay.tables.words import facts as told

# Whatever was disclosed: a log is copied, searched and kept by many hands.
_TOLD = (
    "case_id",
    "reference_number",
    "organization_id",
    "previous_status",
    "new_status",
    "sequence",
    "transition_id",
    "actor",
    "reason",
    "final",
    "outcome",
    "anomaly",
)

_CODE = re.compile(r"[\w.:/+-]{1,64}", re.ASCII)  # no address of a person


@attrs.frozen
class LogSettings:
    """What a table of kind `log` may say.

    Args:
        logger: the name of the logger.
        level: at which the lines are logged.
    """

    logger: str = "fulfillment_sdk.events"
    level: Literal["debug", "info", "warning", "error"] = "info"


class LogSink:
    """Logs each event's type, ids, statuses and codes, never a text that somebody wrote.

    A line reads `case.status_changed id=… case_id=… new_status=…`; a formatter finds the same in
    the record's `facts`. What is not known, and what looks like no code, is left out.
    """

    def __init__(self, settings: LogSettings) -> None:
        self._logger = logging.getLogger(settings.logger)
        self._level = logging.getLevelNamesMapping()[settings.level.upper()]

    def deliver(self, delivery: Delivery) -> Outcome:
        """Log one event; also one whose body can't be read, by its id."""
        if not self._logger.isEnabledFor(self._level):
            return Delivered("the logger is silent at this level")
        known = read_facts(delivery) or Facts(event_id=delivery.id, type=delivery.type)
        words: dict[str, str] = {"id": delivery.id}
        words |= {name: str(value) for name in _TOLD if (value := getattr(known, name)) is not None}
        codes = {name: word for name, word in words.items() if _CODE.fullmatch(word)}
        kind = delivery.type if _CODE.fullmatch(delivery.type) else "event"
        line = " ".join([kind, *(f"{name}={word}" for name, word in codes.items())])
        self._logger.log(self._level, "%s", line, extra=told(kind, **codes))
        return Delivered()


def make_log_sink(settings: LogSettings) -> LogSink:
    """Make a sink of kind `log`."""
    return LogSink(settings)
