"""A value of any kind as the text that it is on the wire."""

from __future__ import annotations


def word(value: object) -> str:
    """A scalar as text, without blanks around it; empty for all else."""
    if isinstance(value, str):
        return value.strip()
    # Numbers too long to be written are too long to be looked at.
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 1000:
        return str(value)
    return f"{value:.6f}" if isinstance(value, float) else ""
