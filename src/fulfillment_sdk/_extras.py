"""Optional packages: whoever lacks one is told which extra brings it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fulfillment_sdk.errors.configuration import MissingExtra


@contextmanager
def needs(extra: str, *, own: str = "fulfillment_sdk") -> Iterator[None]:
    """Turn a failed import of somebody else's package into the error that says what to install.

    Args:
        extra: what brings the package.
        own: the package whose missing modules are no extra, but a mistake.

    Raises:
        MissingExtra: a package is not installed that the block imports.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", own):
            raise
        raise MissingExtra(package, extra) from error
