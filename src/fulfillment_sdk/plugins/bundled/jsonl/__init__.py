"""The kind `jsonl`: a line of JSON for each event, in a file that turns over.

`lines` says what a line is, `rotation` when and under which name a file is laid aside, `line_file`
appends whole lines or none, `sink` delivers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from fulfillment_sdk.relay import Sink

CONCURRENCY = 64
"""Lanes at once: they share a write and an fsync."""

_at_least_one = attrs.validators.optional(attrs.validators.ge(1))


@attrs.frozen
class JsonlSettings:
    """What a table of kind `jsonl` may say.

    Args:
        path: the file; its folder must be there.
        fsync: whether an event counts as delivered only when the disk has it.
        rotate_bytes: a file is laid aside before it becomes larger than this; without it never.
        rotate_daily: a file is laid aside with the first event of another day (UTC).
        keep: how many files that were laid aside are kept; without it all.
    """

    path: Path
    fsync: bool = True
    rotate_bytes: int | None = attrs.field(default=None, validator=_at_least_one)
    rotate_daily: bool = False
    keep: int | None = attrs.field(default=None, validator=_at_least_one)


def make_jsonl_sink(settings: JsonlSettings) -> Sink:
    """Make a sink of kind `jsonl`; opens nothing yet."""
    from fulfillment_sdk.plugins.bundled.jsonl.sink import JsonlSink

    return JsonlSink(settings)
