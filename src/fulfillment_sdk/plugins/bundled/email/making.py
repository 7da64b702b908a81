"""A mail sink from its settings, everything in them checked."""

from __future__ import annotations

import time
from importlib import resources

import attrs

from fulfillment_sdk._extras import needs
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.authority import trusting, trusting_anybody
from fulfillment_sdk.plugins.bundled.email import EmailSettings
from fulfillment_sdk.plugins.bundled.email.addresses import read_address
from fulfillment_sdk.plugins.smtp import SmtpServer

with needs("email"):
    from fulfillment_sdk.plugins.bundled.email.letters import Letters
    from fulfillment_sdk.plugins.bundled.email.lines import Lines
    from fulfillment_sdk.plugins.bundled.email.sink import EmailSink
    from fulfillment_sdk.plugins.wording import Template


def make(settings: EmailSettings) -> EmailSink:
    """Make a sink of kind `email`; raises as `make_email_sink` does."""
    server = SmtpServer.of(settings.server.value, setting="server")
    if settings.password is not None:
        server = attrs.evolve(server, password=settings.password.value)
    if (server.username is None) != (server.password is None):
        raise ConfigurationError(
            "The mail server's user and password belong together",
            remedy="Give both, or neither: smtp://user@host and a password.",
        )
    letters = letters_of(settings)
    insist = settings.tls == "required" and not server.is_near
    # Many a mail server offers a certificate for itself that nobody signed. To one on this machine
    # mails may go in the clear: nothing is lost by TLS that proves nothing.
    offered = settings.tls == "if_offered" and server.is_near and not server.tls
    tls = trusting_anybody() if offered and settings.ca is None else trusting(settings.ca)
    return EmailSink(
        letters,
        [one.addr_spec for one in letters.to],
        open_lines=lambda: Lines(server, tls=tls, insist=insist, name=letters.sender.domain),
        clock=time.time,
    )


def letters_of(settings: EmailSettings) -> Letters:
    """Return what writes the mails that the settings ask for; raises `ConfigurationError`."""
    if not settings.to:
        raise ConfigurationError("to is empty", remedy="Name at least one address.")
    subject = settings.subject if settings.subject is not None else _bundled("subject.txt")
    own_text, own_html = settings.text_template, settings.html_template
    text = (
        Template.of(_bundled("text.txt"), name="The text")
        if own_text is None
        else Template.read(own_text, name="text_template")
    )
    html = None
    if own_html is not None:
        html = Template.read(own_html, name="html_template", html=True)
    elif settings.html and own_text is None:
        # Beside a text of one's own it would say something else.
        html = Template.of(_bundled("text.html"), name="The HTML", html=True)
    return Letters(
        sender=read_address(settings.sender, where="sender"),
        to=[read_address(one, where=f"to[{n}]") for n, one in enumerate(settings.to)],
        subject=Template.of(subject, name="subject"),
        text=text,
        html=html,
    )


def _bundled(name: str) -> str:
    folder = resources.files("fulfillment_sdk.plugins.bundled.email.templates")
    return (folder / name).read_text(encoding="utf-8")
