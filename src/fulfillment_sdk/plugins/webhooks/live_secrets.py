"""Which of an endpoint's secrets sign: each has an end, or none (contract, section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs


@attrs.frozen
class LiveSecret:
    """One secret, and until when it signs (epoch seconds); `None` is for as long as it is there."""

    secret: str = attrs.field(repr=False)
    until: float | None = None

    def signs(self, now: float) -> bool:
        """Tell whether it signs at `now`."""
        return self.until is None or now < self.until


def read_secrets(value: object) -> tuple[LiveSecret, ...]:
    """Read what settings have under `secrets`: each a text, or `{"secret": …, "until": …}`.

    What is neither is a secret that can't be used, so that whoever signs says so: an entry that
    was left out in silence would be missed by the partner alone.
    """
    entries = value if isinstance(value, list | tuple) else ()
    return tuple(_read(entry) for entry in entries)


def write_secrets(secrets: Sequence[LiveSecret]) -> list[dict[str, object]]:
    """Return the secrets as settings keep them."""
    return [{"secret": one.secret, "until": one.until} for one in secrets]


def _read(entry: object) -> LiveSecret:
    if not isinstance(entry, Mapping):
        return LiveSecret(str(entry))
    secret, until = entry.get("secret"), entry.get("until")
    if until is None or (isinstance(until, int | float) and not isinstance(until, bool)):
        return LiveSecret(str(secret), until)
    return LiveSecret("")
