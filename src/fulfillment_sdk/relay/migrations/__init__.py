"""The relay's revisions, oldest first."""
