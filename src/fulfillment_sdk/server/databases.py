"""Where each party keeps its own store (contract, section 7)."""

from __future__ import annotations

from sqlalchemy.engine import make_url

from fulfillment_sdk.server.settings import Settings


def store_url(settings: Settings, party: str) -> str:
    """Return a party's own database: a file in the data folder, or a schema of a PostgreSQL one."""
    if settings.database_url is None:
        return f"sqlite:///{settings.data / party}.db"
    url = make_url(settings.database_url).update_query_dict({"options": f"-csearch_path={party}"})
    return url.render_as_string(hide_password=False)
