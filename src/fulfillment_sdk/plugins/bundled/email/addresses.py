"""Mail addresses, as a configuration says them."""

from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage

from fulfillment_sdk.errors import ConfigurationError


def read_address(text: str, *, where: str) -> Address:
    """Return one address, with or without a name before it.

    Raises:
        ConfigurationError: it is none, or several, or no mail server takes it without SMTPUTF8.
    """
    try:
        message = EmailMessage()
        message["To"] = text
        header = message["To"]
        found: Address
        (found,) = header.addresses
    except (ValueError, IndexError, MessageError):
        raise _wrong(where) from None
    spec = found.addr_spec
    plain = spec.isascii() and spec.isprintable() and " " not in spec
    if header.defects or not (plain and found.username and found.domain):
        raise _wrong(where)
    return found


def _wrong(where: str) -> ConfigurationError:
    return ConfigurationError(
        f"{where} is no mail address", remedy="Write somebody@example.org or Name <…@…>."
    )
