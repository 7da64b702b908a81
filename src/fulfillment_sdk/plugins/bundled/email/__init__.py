"""The kind `email`: people are told of an event, with what is disclosed and no more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import attrs

from fulfillment_sdk.plugins.settings.secret import Secret

if TYPE_CHECKING:
    from fulfillment_sdk.plugins.bundled.email.sink import EmailSink


@attrs.frozen(kw_only=True)
class EmailSettings:
    """What a table of kind `email` may say.

    Args:
        server: the mail server's URL, `smtp://user@host:port` (STARTTLS) or `smtps://user@host`.
        password: the user's, unless it is in the URL.
        sender: the address that it comes from, with or without a name.
        to: the addresses that it goes to; each sees the others.
        subject: a template; one line is made of it.
        text_template: the file of a template for the text.
        html_template: the file of a template for the same in HTML.
        html: whether HTML goes along where no file says what.
        tls: `required`, or only `if_offered`; a server on this machine needs none.
        ca: certificates of an authority to trust instead of the system's (a PEM file).
    """

    server: Secret
    sender: str
    to: tuple[str, ...]
    password: Secret | None = None
    subject: str | None = None
    text_template: Path | None = None
    html_template: Path | None = None
    html: bool = True
    tls: Literal["required", "if_offered"] = "required"
    ca: Path | None = None


def make_email_sink(settings: EmailSettings) -> EmailSink:
    """Make a sink of kind `email`.

    Raises:
        ConfigurationError: an address, the server's URL, a template or a file can't be used.
        MissingExtra: the extra `email` is not installed.
    """
    from fulfillment_sdk.plugins.bundled.email.making import make

    return make(settings)
