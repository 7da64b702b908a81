"""Which server a client talks to: never one that nobody named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from fulfillment_sdk.client.calls.call import WEBFORM
from fulfillment_sdk.errors import ConfigurationError

PREFIX: Final = "FULFILLMENT_"
BASE_URL: Final = "FULFILLMENT_BASE_URL"
TOKEN: Final = "FULFILLMENT_TOKEN"  # noqa: S105  (a variable's name)

_VISIBLE = re.compile(r"[\x21-\x7e]+")


def base_url(given: str | None, environment: Mapping[str, str]) -> str:
    """The server's address without a trailing slash, from `given`, else from `environment`.

    A path in front of the documented ones is kept; the documented one at its end is cut off.
    Raises ConfigurationError if there is none (there is no default: no example may ever file a
    case at a real helpline), or if it is no http or https address, or carries credentials, a
    query or a fragment. Contract, section 6.
    """
    address = (
        environment.get(BASE_URL, "") if given is None else a_text("base_url", given)
    ).strip()
    if not address:
        raise ConfigurationError(
            "The client does not know which server to talk to",
            remedy=f"Give base_url=, or set {BASE_URL}; there is no default address."
            + _misspelt(environment),
        )
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not host or any(map(str.isspace, address)):
        raise ConfigurationError(
            "The base URL is no http or https address",
            remedy="Give it as https://HOST or https://HOST:PORT.",
        )
    if "@" in parts.netloc or "?" in address or "#" in address:
        raise ConfigurationError(
            "The base URL carries credentials, a query or a fragment",
            remedy="Give only scheme, host, port and path; the token goes into token=.",
        )
    path = parts.path.rstrip("/").removesuffix(WEBFORM.rstrip("/"))
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}"


def _misspelt(environment: Mapping[str, str]) -> str:
    """Name a variable that is set and was perhaps meant to be the address.

    Only a near miss: the server's own variables may stand beside it.
    """
    from difflib import get_close_matches

    wanted = BASE_URL.removeprefix(PREFIX)
    ours = {name.removeprefix(PREFIX): name for name in environment if name.startswith(PREFIX)}
    near = get_close_matches(wanted, ours.keys() - {wanted}, n=1, cutoff=0.85)
    return f" ({ours[near[0]]} is set: was it meant to be {BASE_URL}?)" if near else ""


def a_text(name: str, given: str) -> str:
    """Hand back a text; TypeError for anything else, not shown: it may be a token in bytes."""
    if not isinstance(given, str):
        raise TypeError(f"{name} must be a str, not {type(given).__name__}")
    return given


def token(given: object) -> str | None:
    """A bearer token without the space around it, None for a blank one.

    Raises ConfigurationError for what can't be one.
    """
    text = given.strip() if isinstance(given, str) else given
    if text is None or text == "":
        return None
    if not isinstance(text, str) or not _VISIBLE.fullmatch(text):
        raise ConfigurationError(
            "The token holds characters that no token has",
            remedy="Give the token alone, as verify_otp answered it.",
        )
    return text
