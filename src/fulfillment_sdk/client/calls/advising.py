"""Whom a client tells of likely slips, if nobody else is named: the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from fulfillment_sdk.advice import Advice

OnWarning: TypeAlias = "Callable[[Advice], None]"

logger = logging.getLogger("fulfillment_sdk.client")


def log_warning(advice: Advice) -> None:
    """Log a likely slip: the field, the slip and its code, never a value."""
    log_warnings((advice,))


def log_warnings(found: Sequence[Advice]) -> None:
    """Log the likely slips of one case in one line, each kind once with all of its fields."""
    fields: dict[tuple[str, str], list[str]] = {}
    for one in found:
        words = one.message.removeprefix(f"{one.field}: ")
        fields.setdefault((words, one.code), []).append(one.field)
    told = (f"{', '.join(paths)}: {words} ({code})" for (words, code), paths in fields.items())
    logger.warning("A case is likely to have a slip: %s", "; ".join(told))
