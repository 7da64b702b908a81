"""An observer that raises, whatever it is, is named and stops nothing."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from fulfillment_sdk.relay import Attempt
from fulfillment_sdk.relay.reports.watch import Watch

RECORD = Attempt(
    destination="d",
    event_id="e",
    lane="c",
    attempt=1,
    at=0.0,
    seconds=0.1,
    outcome="delivered",
)


@pytest.mark.parametrize(
    "kind", [ValueError, SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit]
)
def test_an_observer_that_raises_is_named_and_those_behind_it_are_told(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Attempt] = []

    def observe(record: Attempt) -> None:
        seen.append(record)
        raise kind("Jane")

    Watch(observe).settled([RECORD, RECORD])
    assert seen == [RECORD, RECORD]
    assert f"observer of attempts raised {kind.__name__}" in caplog.messages
    assert "Jane" not in caplog.text


async def test_a_task_that_is_to_end_ends() -> None:
    def observe(_record: Attempt) -> None:
        raise asyncio.CancelledError

    async def tell() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        Watch(observe).settled([RECORD])

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(tell())


@pytest.mark.parametrize(
    "story", ["Jane called at nine", "jane@example.org", "x" * 201, "a\nb", "", "Größe"]
)
def test_a_lane_that_is_no_id_is_masked_in_the_line_of_an_attempt_and_beside_it(
    story: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    Watch().settled([attrs.evolve(RECORD, lane=story, event_id=story)])

    (line,) = caplog.records
    assert "event=* lane=* n=1" in line.getMessage()
    told = vars(line)["facts"]
    assert (told["event"], told["lane"]) == ("*", "*")
