"""The relay's statements: each takes a connection, and leaves the commit to its caller."""
