"""The lifecycle's codes in words that a client reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fulfillment_sdk.server.portal.reviews import PASS, REJECT, REWORK

OUTCOMES: Final[Mapping[str | None, str]] = {
    "positive": "Positive",
    "negative": "Negative",
    "inconclusive": "Inconclusive",
    None: "Not stated",
}
RESULTS: Final[Mapping[str, str]] = {
    PASS: "Passed",
    REJECT: "Rejected",
    REWORK: "Sent back for rework",
}
ACTORS: Final[Mapping[str, str]] = {
    "partner": "Partner",
    "ops": "Operations",
    "engine": "Allocation engine",
    "worker": "Field worker",
    "timer": "Timer",
    "qc": "Quality control",
    "system": "System",
    "finance": "Finance",
}
KINDS: Final[Mapping[str, str]] = {
    "image/jpeg": "JPEG picture",
    "image/png": "PNG picture",
    "image/gif": "GIF picture",
    "image/webp": "WebP picture",
    "image/heic": "HEIC picture",
    "application/pdf": "PDF",
    "text/plain": "Text",
    "video/mp4": "MP4 video",
    "video/quicktime": "QuickTime video",
    "audio/mpeg": "MP3 recording",
    "audio/mp4": "M4A recording",
    "audio/ogg": "Ogg recording",
    "audio/wav": "WAV recording",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word document",
    "application/vnd.oasis.opendocument.text": "OpenDocument text",
}


def status(code: str) -> str:
    """Return a status in words: ``qc_passed`` is ``QC passed``."""
    text = spoken(code)
    return f"QC{text[2:]}" if text.startswith("Qc ") else text


def spoken(code: str) -> str:
    """Return a code in words: ``work_started`` is ``Work started``."""
    return code.replace("_", " ").strip().capitalize()


def duration(seconds: float) -> str:
    """Return a time span in its two largest units: ``1 d 4 h``."""
    minutes = max(0, int(seconds // 60))
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    told = [f"{count} {unit}" for count, unit in parts[first : first + 2] if count]
    return " ".join(told) or "less than a minute"


def size(count: int) -> str:
    """Return a number of bytes in the unit that suits it."""
    if count < 1_000:
        return f"{count} bytes"
    if count < 999_500:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.1f} MB"
