"""Progress on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest

from fulfillment_sdk.cli.bars import Bar, size


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_each_step_is_a_line() -> None:
    stream = io.StringIO()
    bar = Bar(stream)
    for what, done in (("gateway.db", 0), ("gateway.db", 5), ("portal.db", 0), ("portal.db", 5)):
        bar(what, done, 5)
    bar.end()
    assert stream.getvalue() == "gateway.db\nportal.db\n"


def test_on_a_terminal_a_line_changes_now_and_then_and_shows_its_end() -> None:
    stream, now = Terminal(), [0.0]
    bar = Bar(stream, timer=lambda: now[0])
    bar("gateway.db", 0, 3072)
    bar("gateway.db", 1024, 3072)
    now[0] = 1.0
    bar("gateway.db", 2048, 3072)
    bar("gateway.db", 3072, 3072)
    bar.end()
    shown = [part.replace("\x1b[K", "") for part in stream.getvalue().split("\r")]
    assert shown == [
        "",
        "gateway.db: 0 bytes of 3.0 KiB",
        "gateway.db: 2.0 KiB of 3.0 KiB",
        "gateway.db: 3.0 KiB of 3.0 KiB\n",
    ]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 40, "3072.0 GiB"),
    ],
)
def test_sizes_are_written_for_people(number: int, written: str) -> None:
    assert size(number) == written
