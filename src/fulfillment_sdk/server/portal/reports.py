"""Which cases have a report, and until when it can be fetched."""

from __future__ import annotations

import attrs
import sqlalchemy as sa

from fulfillment_sdk.server.portal.schema import REPORTS

LIFETIME = 90 * 24 * 3600.0
"""How long a report can be fetched after it was issued, in seconds."""


@attrs.frozen(kw_only=True)
class Report:
    """A report that was issued; times are epoch seconds."""

    case_id: str
    issued_at: float
    expires_at: float


def issue(connection: sa.Connection, case_id: str, *, now: float) -> Report:
    """Make a case's report available from now on."""
    report = Report(case_id=case_id, issued_at=now, expires_at=now + LIFETIME)
    connection.execute(sa.insert(REPORTS).values(**attrs.asdict(report)))
    return report


def reissue(connection: sa.Connection, case_id: str, *, now: float) -> Report | None:
    """Make a case's report available from now on once more; ``None`` where none was issued."""
    if find(connection, case_id) is None:
        return None
    report = Report(case_id=case_id, issued_at=now, expires_at=now + LIFETIME)
    statement = sa.update(REPORTS).where(REPORTS.c.case_id == case_id)
    connection.execute(statement.values(issued_at=now, expires_at=report.expires_at))
    return report


def find(connection: sa.Connection, case_id: str) -> Report | None:
    """Return a case's report, ``None`` where none was issued (yet)."""
    statement = sa.select(REPORTS).where(REPORTS.c.case_id == case_id)
    row = connection.execute(statement).one_or_none()
    return Report(**row._mapping) if row is not None else None


def url(public_url: str, case_id: str) -> str:
    """Return where a partner fetches a report: at the gateway, with the bearer token."""
    return f"{public_url.rstrip('/')}/api/webhook/webform/cases/{case_id}/report/"
