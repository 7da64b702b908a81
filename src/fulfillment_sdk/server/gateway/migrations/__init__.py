"""Alembic revisions of the gateway's tables, one file each, applied in order of their numbers."""
