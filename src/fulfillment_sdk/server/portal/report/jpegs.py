"""What decoding a JPEG takes, told by its headers before a decoder sees it. Pure.

A few bytes can announce a scan over the whole picture, and a file have thousands of them; and where
there is more than one, the decoder keeps all coefficients of the picture in memory.
"""

from __future__ import annotations

from typing import Final

SCANS: Final = 100
"""Scans of one picture; a progressive one has about ten."""
SEGMENTS: Final = 1_000
"""Segments before the first scan; a camera writes about ten, and 43 for a large profile."""

_SCAN: Final = 0xDA
# Baseline and extended sequential, Huffman or arithmetic.
_SEQUENTIAL: Final = (0xC0, 0xC1, 0xC9)
# Start and end of the image, restarts, and what stands for itself: no segments.
_BARE: Final = (0x00, 0x01, *range(0xD0, 0xDA), 0xFF)


def in_one_pass(data: bytes) -> bool:
    """Say whether a JPEG is decoded line by line: sequential, and all colours in one scan.

    Then it takes no more memory however large it is. What is not surely so is not.
    """
    at, sequential, colours = 2, False, 0
    for _ in range(SEGMENTS):
        if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] in _BARE:
            return False
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        content = data[at + 4 : at + 2 + length]
        if marker == _SCAN:
            return sequential and content[:1] == bytes([colours])
        if marker in _SEQUENTIAL and len(content) > 5:
            sequential, colours = True, content[5]
        at += 2 + length
    return False


def scans(data: bytes) -> int:
    """Return how many scans a JPEG has, or more: what looks like one is counted."""
    return data.count(bytes((0xFF, _SCAN)))
