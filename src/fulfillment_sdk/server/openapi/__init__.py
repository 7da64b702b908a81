"""The partners' API as an OpenAPI document: written by hand, in one part for each tag."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

import yaml

PARTS: Final = (
    "document",
    "auth",
    "cases",
    "attachments",
    "events",
    "subscriptions",
    "emails",
    "shared",
    "examples",
)
"""The files, in the order in which their paths are shown."""

EVERYWHERE: Final = {
    "X-Request-Id": {"$ref": "#/components/headers/RequestId"},
    "Fulfillment-Features": {"$ref": "#/components/headers/Features"},
}
"""The headers of every answer: put into each of them here, and not by hand a hundred times."""

# The C one is ten times as fast, and not everywhere.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Overlap(ValueError):
    """Two parts say the same thing; ``path`` is where."""

    def __init__(self, path: str) -> None:
        super().__init__(f"two parts of the document have {path}")
        self.path = path


def document(url: str) -> dict[str, Any]:
    """Return the document of a gateway that partners reach at ``url``, for the caller to keep."""
    return {**copy.deepcopy(_written()), "servers": [{"url": url.rstrip("/")}]}


@functools.cache
def _written() -> dict[str, Any]:
    """The document as it is written; nobody changes it."""
    whole: dict[str, Any] = {}
    for name in PARTS:
        text = files(__name__).joinpath(f"{name}.yaml").read_text("utf-8")
        whole = joined(whole, yaml.load(text, _Loader))  # noqa: S506 a safe one
    for response in _responses(whole):
        response["headers"] = {**EVERYWHERE, **response.get("headers", {})}
    return whole


def _responses(whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The answers that are written out, wherever they stand; those of webhooks are not ours."""
    yield from whole["components"]["responses"].values()
    for item in whole["paths"].values():
        operations = [one for one in item.values() if "responses" in one]
        for operation in operations:
            yield from (one for one in operation["responses"].values() if "$ref" not in one)


def joined(
    one: Mapping[str, Any], other: Mapping[str, Any], *, at: str = "", depth: int = 3
) -> dict[str, Any]:
    """Return both, merged down to the single path or component; raises ``Overlap``."""
    both = dict(one)
    for key, value in other.items():
        path = f"{at}/{key}"
        if key not in both:
            both[key] = value
        elif depth > 1 and isinstance(value, Mapping) and isinstance(both[key], Mapping):
            both[key] = joined(both[key], value, at=path, depth=depth - 1)
        else:
            raise Overlap(path)
    return both
