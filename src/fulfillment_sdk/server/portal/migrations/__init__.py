"""Alembic revisions of the portal's tables."""
