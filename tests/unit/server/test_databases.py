"""Each party has a store of its own: contract, section 7."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from sqlalchemy.engine import make_url

from fulfillment_sdk.server.databases import store_url
from tests.integration.portal.desk import make_settings

PARTIES = ["gateway", "portal"]


@pytest.mark.parametrize("party", PARTIES)
def test_it_is_a_file_in_the_data_folder(party: str) -> None:
    assert store_url(make_settings(Path("/data")), party) == f"sqlite:////data/{party}.db"


@pytest.mark.parametrize("party", PARTIES)
def test_in_a_shared_database_it_is_a_schema(party: str) -> None:
    settings = attrs.evolve(
        make_settings(Path("/data")), database_url="postgresql+psycopg://u:p@db/fulfillment"
    )
    url = store_url(settings, party)
    assert url.startswith("postgresql+psycopg://u:p@db/fulfillment?options=")
    assert f"search_path%3D{party}" in url


def test_options_that_the_url_has_already_stay_in_front() -> None:
    settings = attrs.evolve(
        make_settings(Path("/data")),
        database_url="postgresql+psycopg://u@db/fulfillment?options=-cwork_mem%3D8MB",
    )
    options = make_url(store_url(settings, "portal")).query["options"]
    assert options == "-cwork_mem=8MB -csearch_path=portal"
