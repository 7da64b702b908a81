"""One call over all its tries, decided: no sending, no waiting, so that any shell can run it."""
