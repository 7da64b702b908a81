"""How servers on one database share the work."""
