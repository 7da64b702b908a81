"""The paths that cases are driven along are the lifecycle's."""

from __future__ import annotations

from itertools import pairwise

import pytest

from fulfillment_sdk import lifecycle
from fulfillment_sdk.errors import ConfigurationError, IllegalTransition
from fulfillment_sdk.testing.partner.paths import PATHS, ahead


@pytest.mark.parametrize("name", PATHS)
def test_a_path_has_legal_steps_only(name: str) -> None:
    illegal = [pair for pair in pairwise(PATHS[name]) if lifecycle.find(*pair) is None]

    assert illegal == []


def test_every_status_is_on_a_path() -> None:
    assert {status for path in PATHS.values() for status in path} == set(lifecycle.STATUSES)


def test_a_path_is_gone_on_from_where_the_case_is() -> None:
    assert ahead("happy", status="in_progress") == ["submitted", "qc_passed"]


def test_it_may_be_left_on_the_way() -> None:
    assert ahead("rework", status="new", until="submitted") == [
        *("allocated", "in_progress", "submitted"),
    ]


def test_at_its_end_there_is_nothing_to_do() -> None:
    assert ahead("happy", status="qc_passed") == []


def test_steps_may_be_named_one_by_one() -> None:
    assert ahead(["allocated", "cancelled"], status="new") == ["allocated", "cancelled"]


def test_a_step_that_the_lifecycle_does_not_have_is_an_error_before_anything_is_done() -> None:
    with pytest.raises(IllegalTransition, match="from 'new' to 'submitted'"):
        ahead(["submitted"], status="new")


@pytest.mark.parametrize(
    ("path", "status", "until", "message"),
    [
        ("hapy", "new", None, r"There is no path hapy\. Did you mean happy\?"),
        ("happy", "cancelled", None, "The path happy does not come by cancelled"),
        ("happy", "new", "qc_rework", "The way from new does not come by qc_rework\nIt comes by"),
        ("happy", "new", "subitted", "come by subitted\nDid you mean submitted"),
        ("happy", "submitted", "allocated", "The way from submitted does not come by allocated"),
    ],
)
def test_a_path_that_does_not_lead_there_is_told(
    path: str, status: str, until: str | None, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ahead(path, status=status, until=until)
