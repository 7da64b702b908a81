"""The receiver's revisions, oldest first."""
