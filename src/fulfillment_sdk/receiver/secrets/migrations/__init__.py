"""Revisions of the counts of secrets, oldest first."""
