"""What TLS says of itself: whether its files can be used, and why a handshake failed for good."""

from __future__ import annotations

import os
import ssl
from typing import Final

from fulfillment_sdk.errors import ConfigurationError

_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNSUPPORTED_PROTOCOL"})


def check_files(verify: str | bool | None, cert: str | tuple[str, str] | None) -> None:
    """Refuse files that can't be used: amid a call that would look like an answer that got lost.

    `verify` and `cert` are as `requests` has them: a CA bundle or folder, the client's own
    certificate, alone or with its key. Raises ConfigurationError.
    """
    if not isinstance(verify, str) and cert is None:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if isinstance(verify, str):
            kind = "capath" if os.path.isdir(verify) else "cafile"  # noqa: PTH112
            context.load_verify_locations(**{kind: verify})
        if cert is not None:
            file, key = (cert, None) if isinstance(cert, str) else cert
            context.load_cert_chain(file, key, lambda: "")  # else it asks at the terminal
    except (OSError, ValueError):
        raise ConfigurationError(
            "The CA bundle, or the client's own certificate, can't be used",
            remedy="Check the file that REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or the session names.",
        ) from None


def refused_handshake(error: BaseException) -> tuple[str, str] | None:
    """Why a handshake that ended so will never do better, and the remedy; None if it might."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            "its certificate can't be verified",
            "Check the host's name; name a private CA with REQUESTS_CA_BUNDLE.",
        )
    if isinstance(error, ssl.SSLError) and getattr(error, "reason", None) in _NO_TLS:
        return (
            "it does not speak TLS as we do",
            "Check the scheme (http, https) and the port of the base URL.",
        )
    return None
