"""Whose certificates a sink trusts."""

from __future__ import annotations

import ssl
from pathlib import Path

from fulfillment_sdk.errors import ConfigurationError


def trusting(ca: Path | None) -> ssl.SSLContext:
    """Return what verifies a server: by the certificates in a PEM file, or by the system's.

    Raises:
        ConfigurationError: there is no such file, or no certificate in it.
    """
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror if not isinstance(error, ssl.SSLError) else "it has no certificate"
        raise ConfigurationError(
            f"The certificates in {ca} can't be used: {why}",
            remedy="Let ca name a PEM file with the authority's certificates.",
        ) from None


def trusting_anybody() -> ssl.SSLContext:
    """Return what verifies nothing: for a server that may be talked to without TLS as well."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
