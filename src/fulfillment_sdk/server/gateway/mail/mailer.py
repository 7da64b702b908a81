"""Sending mail: over SMTP, or into the development mailbox.

A mail may carry a one-time code, so neither addresses nor texts are ever logged or kept on disk.
"""

from __future__ import annotations

import secrets
import ssl
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Protocol

import aiosmtplib
from attrs import field, frozen

from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.plugins.smtp import SmtpServer
from fulfillment_sdk.server.gateway.identity.names import email_key

_MOST_MAILS = 1000
_SECONDS = 20.0


class MailFailed(FulfillmentError):
    """The mail server refused a mail or could not be reached; its words are left out."""


class MailRefused(MailFailed):
    """The mail server works, but did not take this mail, for its address perhaps."""


class Mailer(Protocol):
    """What the gateway sends its mails with."""

    async def send(self, *, to: str, subject: str, text: str) -> None:
        """Hand one mail over; raises ``MailFailed`` where that was not possible."""


@frozen
class Mail:
    """One mail in the development mailbox; ``sent_at`` in epoch seconds."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    sent_at: float


class Mailbox:
    """The development mailbox: keeps the last thousand mails in memory (contract, section 7).

    ``relay_to`` sends them on as well, and first, so that a mail server's failure shows.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        relay_to: Mailer | None = None,
        most: int = _MOST_MAILS,
    ) -> None:
        self._clock = clock
        self._relay_to = relay_to
        self._mails: deque[Mail] = deque(maxlen=most)

    async def send(self, *, to: str, subject: str, text: str) -> None:
        """Keep one mail."""
        if self._relay_to is not None:
            await self._relay_to.send(to=to, subject=subject, text=text)
        self._mails.appendleft(Mail(to, subject, text, self._clock()))

    def mails(self, to: str | None = None) -> list[Mail]:
        """Return the mails, newest first: all of them, or those to one address."""
        wanted = None if to is None else email_key(to)
        return [mail for mail in self._mails if to is None or mail.to == wanted]


class SmtpMailer:
    """Hands each mail to a mail server, over a connection of its own.

    ``smtp://`` uses STARTTLS where the server offers it, and insists on it where a password is
    sent; ``smtps://`` speaks TLS from the first byte. Certificates are verified, against ``tls``
    where that is given.
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender: str,
        tls: ssl.SSLContext | None = None,
        timeout: float = _SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._server = server
        self._sender = sender
        self._tls = tls
        self._timeout = timeout

    async def send(self, *, to: str, subject: str, text: str) -> None:
        """Hand one mail over within the time limit.

        Raises ``MailRefused`` where the server works but doesn't take this mail, and ``MailFailed``
        otherwise.
        """
        server = self._server
        try:
            await aiosmtplib.send(
                compose(
                    sender=self._sender,
                    to=to,
                    subject=subject,
                    text=text,
                    at=self._clock(),
                    unique=secrets.token_hex(16),
                ),
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.tls,
                start_tls=server.start_tls,
                tls_context=self._tls,
                # Looking this host's own name up could block the loop.
                local_hostname=_domain(self._sender),
                timeout=self._timeout,
            )
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPDataError) as error:
            raise MailRefused(
                f"The mail server refused a mail ({type(error).__name__})",
                remedy="Look at the mail server: its address may be one that is no more.",
            ) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # The answer of a mail server repeats addresses: only the kind of failure is told.
            raise MailFailed(
                f"The mail server did not take a mail ({type(error).__name__})",
                remedy="Look at FULFILLMENT_SMTP_URL and at the mail server.",
            ) from None


def compose(
    *, sender: str, to: str, subject: str, text: str, at: float, unique: str
) -> EmailMessage:
    """Return the message; ``to`` is a normalised address, ``sender`` one with or without a name.

    ``at`` is when it is written, in epoch seconds; ``unique`` is in no other message's id. Both are
    the sender's to say (RFC 5322, 3.6): not every mail server adds them, and filters miss them.
    """
    message = EmailMessage()
    local, _, domain = to.rpartition("@")
    message["From"] = sender
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = subject
    message["Date"] = datetime.fromtimestamp(int(at), UTC)
    message["Message-ID"] = f"<{unique}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip(" >") or "localhost"
