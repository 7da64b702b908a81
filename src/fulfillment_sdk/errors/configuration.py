"""What the operator or the caller's own code must set right."""

from __future__ import annotations

from fulfillment_sdk.errors.base import FulfillmentError


class ConfigurationError(FulfillmentError):
    """A setting is missing or wrong; the operator or the caller's code must change it."""


class MissingExtra(ConfigurationError):
    """An optional package is not installed: ``package`` was needed, ``extra`` brings it.

    ``where`` is the part of a configuration that needs it, such as ``sinks.audit``, if one does.
    """

    def __init__(self, package: str, extra: str, *, where: str = "") -> None:
        super().__init__(
            f"{where and f'{where}: '}The package {package!r} is not installed",
            remedy=f'Install it with: pip install "fulfillment-sdk[{extra}]"',
        )
        self.package = package
        self.extra = extra
