"""Our figures beside those of our peers, from the same run: `tox -e bench`. See README.md."""
