"""The portal's tables.

Everything that a person wrote, or that tells who a person is, is sealed (``LargeBinary`` columns,
context ``table.column:id``); in the clear are ids, codes, times and sizes. Times are epoch seconds.
"""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.server.coordination.leases import Leases, lease_table
from fulfillment_sdk.store import Schema

METADATA = sa.MetaData()

COUNTERS = sa.Table(
    "portal_counters",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

WORKERS = sa.Table(
    "portal_workers",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("details", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.UniqueConstraint("number", name="uq_portal_workers_number"),
)

CASES = sa.Table(
    "portal_cases",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("reference_number", sa.Text, nullable=False),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("intake_id", sa.Text, nullable=False),
    sa.Column("intake_digest", sa.Text, nullable=False),
    sa.Column("request", sa.LargeBinary, nullable=False),
    sa.Column("request_size", sa.BigInteger, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    # NULL only inside the transaction that creates the case: `advance` makes it "new".
    sa.Column("status", sa.Text, nullable=True),
    sa.Column("assigned_to", sa.Text, nullable=False),
    sa.Column("worker_id", sa.Text, nullable=True),
    # The last event's sequence, given under this row's lock.
    sa.Column("sequence", sa.BigInteger, nullable=False),
    # How often work was taken up: submissions of an earlier round are superseded.
    sa.Column("work_round", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=True),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("updated_at", sa.Double, nullable=False),
    sa.Column("completed_at", sa.Double, nullable=True),
    # When the agreed turn-around time ends; NULL where none was agreed or it was breached.
    sa.Column("tat_due_at", sa.Double, nullable=True),
    # When the timer of the present status fires; NULL where the status has none.
    sa.Column("due_at", sa.Double, nullable=True),
    # The partner's own id of the case, or that it has none; NULL in rows of before revision 2.
    sa.Column("src_uid", sa.LargeBinary, nullable=True),
    # The code of its category, "" where the request has none; NULL in rows of before revision 4.
    sa.Column("category_id", sa.Text, nullable=True),
    sa.UniqueConstraint("number", name="uq_portal_cases_number"),
    sa.UniqueConstraint("reference_number", name="uq_portal_cases_reference_number"),
    sa.UniqueConstraint("intake_id", name="uq_portal_cases_intake_id"),
    sa.ForeignKeyConstraint(["worker_id"], ["portal_workers.id"], name="fk_portal_cases_worker_id"),
    sa.Index("ix_portal_cases_status", "status", "number"),
    sa.Index("ix_portal_cases_due_at", "due_at"),
    sa.Index("ix_portal_cases_worker_id", "worker_id", "status"),
    sa.Index("ix_portal_cases_organization_id", "organization_id", "number"),
    sa.Index("ix_portal_cases_organization_id_status", "organization_id", "status", "number"),
)

HISTORY = sa.Table(
    "portal_history",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("previous_status", sa.Text, nullable=True),
    sa.Column("new_status", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    # Who did it: "admin", a staff token's id, or the name of what acts by itself.
    sa.Column("done_by", sa.Text, nullable=False),
    sa.Column("worker_id", sa.Text, nullable=True),
    sa.Column("comment", sa.LargeBinary, nullable=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.ForeignKeyConstraint(["case_id"], ["portal_cases.id"], name="fk_portal_history_case_id"),
    sa.UniqueConstraint("case_id", "sequence", name="uq_portal_history_case_id_sequence"),
)

SUBMISSIONS = sa.Table(
    "portal_submissions",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("work_round", sa.BigInteger, nullable=False),
    sa.Column("form", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("final", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.Text, nullable=True),
    sa.Column("done_by", sa.Text, nullable=False),
    sa.Column("submitted_at", sa.Double, nullable=False),
    sa.ForeignKeyConstraint(["case_id"], ["portal_cases.id"], name="fk_portal_submissions_case_id"),
    sa.UniqueConstraint("case_id", "position", name="uq_portal_submissions_case_id_position"),
)

REVIEWS = sa.Table(
    "portal_reviews",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("submission_id", sa.Text, nullable=True),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text, nullable=True),
    sa.Column("words", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("done_by", sa.Text, nullable=False),
    sa.Column("reviewed_at", sa.Double, nullable=False),
    sa.ForeignKeyConstraint(["case_id"], ["portal_cases.id"], name="fk_portal_reviews_case_id"),
    sa.UniqueConstraint("case_id", "position", name="uq_portal_reviews_case_id_position"),
)

REPORTS = sa.Table(
    "portal_reports",
    METADATA,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("issued_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.ForeignKeyConstraint(["case_id"], ["portal_cases.id"], name="fk_portal_reports_case_id"),
)

FILES = sa.Table(
    "portal_files",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("organization_id", sa.Text, nullable=False),
    # "partner": an attachment of a case; "staff": a file of a submission.
    sa.Column("origin", sa.Text, nullable=False),
    # NULL while no case refers to an attachment.
    sa.Column("case_id", sa.Text, nullable=True),
    sa.Column("position", sa.BigInteger, nullable=True),
    sa.Column("work_round", sa.BigInteger, nullable=True),
    sa.Column("submission_id", sa.Text, nullable=True),
    # What it is called, and its digest: a short text could be guessed by that.
    sa.Column("details", sa.LargeBinary, nullable=True),
    sa.Column("content_type", sa.Text, nullable=True),
    sa.Column("size", sa.BigInteger, nullable=True),
    sa.Column("done_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    # NULL while its chunks are still coming in.
    sa.Column("stored_at", sa.Double, nullable=True),
    sa.ForeignKeyConstraint(["case_id"], ["portal_cases.id"], name="fk_portal_files_case_id"),
    sa.ForeignKeyConstraint(
        ["submission_id"], ["portal_submissions.id"], name="fk_portal_files_submission_id"
    ),
    sa.Index("ix_portal_files_case_id", "case_id", "created_at"),
    sa.Index("ix_portal_files_organization_id", "organization_id", "case_id"),
    sa.Index("ix_portal_files_submission_id", "submission_id"),
    sa.Index("ix_portal_files_stored_at", "stored_at", "created_at"),
)

FILE_CHUNKS = sa.Table(
    "portal_file_chunks",
    METADATA,
    sa.Column("file_id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.ForeignKeyConstraint(
        ["file_id"],
        ["portal_files.id"],
        name="fk_portal_file_chunks_file_id",
        ondelete="CASCADE",
    ),
)

STAFF = sa.Table(
    "portal_staff",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("name", sa.LargeBinary, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("token_hash", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("revoked_at", sa.Double, nullable=True),
    sa.UniqueConstraint("number", name="uq_portal_staff_number"),
    sa.UniqueConstraint("token_hash", name="uq_portal_staff_token_hash"),
)

LEASES = Leases(lease_table(METADATA, "portal"))
"""Which portals are there."""

SCHEMA = Schema("portal", METADATA, "fulfillment_sdk.server.portal.migrations")
