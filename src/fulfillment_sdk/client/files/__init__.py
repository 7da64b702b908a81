"""Bodies too large for memory: taken, sent and checked piece by piece."""
