"""A first signal ends in good order, a second one at once; a doubled one is one."""

from __future__ import annotations

import signal

import attrs
import pytest

from fulfillment_sdk.cli.endings import APART_SECONDS, SIGNALS, Endings, is_another


@attrs.define
class Told:
    """Endings with a clock that the test moves, and what came of them."""

    now: float = 100.0
    said: list[object] = attrs.field(factory=list)

    def endings(self) -> Endings:
        return Endings(
            lambda: self.said.append("end"), at_once=self.said.append, monotonic=lambda: self.now
        )


@pytest.mark.parametrize(
    ("later", "another"),
    [(0.0, False), (APART_SECONDS - 0.01, False), (APART_SECONDS, True), (3600.0, True)],
)
def test_a_signal_is_another_one_from_half_a_second_on(later: float, another: bool) -> None:
    assert APART_SECONDS == 0.5
    assert is_another(100.0, 100.0 + later) is another


def test_a_doubled_signal_ends_in_good_order() -> None:
    told = Told()
    take = told.endings()
    take(signal.SIGTERM)
    told.now += 0.02
    take(signal.SIGTERM)
    take(signal.SIGINT)

    assert told.said == ["end"]


def test_a_second_one_ends_at_once_also_after_a_doubled_first() -> None:
    told = Told()
    take = told.endings()
    for later in (0.0, 0.02, 0.5):
        told.now = 100.0 + later
        take(signal.SIGINT)

    assert told.said == ["end", signal.SIGINT]


def test_the_handlers_before_come_back() -> None:
    told = Told()
    before = [signal.getsignal(number) for number in SIGNALS]
    with told.endings().taken():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)

    assert told.said == ["end"]
    assert [signal.getsignal(number) for number in SIGNALS] == before
