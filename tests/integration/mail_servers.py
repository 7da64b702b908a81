"""Mail servers on loopback, kind and unkind."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TypeAlias

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Authenticator: TypeAlias = Callable[[SMTP, Session, Envelope, str, object], AuthResult]


class Post:
    """What a mail server does with mails: keeps them, or answers as it is told.

    `answers` has, for an address, what RCPT is answered with; `answer` is what DATA is.
    """

    def __init__(self, answer: str = "250 OK", **answers: str) -> None:
        self.answer = answer
        self.answers: Mapping[str, str] = {
            f"{name}@partner.example.org": answer for name, answer in answers.items()
        }
        self.sender_answer = "250 OK"
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []
        self.before_data: Callable[[], None] = lambda: None

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails that were taken."""
        return [
            message_from_bytes(one.content, policy=policy.default)
            for one in self.envelopes
            if isinstance(one.content, bytes)
        ]

    @property
    def said(self) -> list[str]:
        """What the mails say to who reads them: the subject and each part."""
        return [
            mail["Subject"] + "".join(part.get_content() for part in mail.iter_parts())
            for mail in self.mails
        ]

    async def handle_MAIL(  # noqa: N802  the server's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if self.sender_answer.startswith("250"):
            envelope.mail_from = address
        return self.sender_answer

    async def handle_RCPT(  # noqa: N802  the server's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802  the server's name for it
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.before_data()
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
            self.sessions.append(session)
        return self.answer


def knows(username: str, password: str) -> Authenticator:
    """Let one user in."""

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        told = LoginPassword(username.encode(), password.encode())
        return AuthResult(success=data == told, handled=False)

    return authenticate


@asynccontextmanager
async def a_mail_server(
    post: Post,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    authenticator: Authenticator | None = None,
) -> AsyncIterator[int]:
    """Run a mail server on a free port, which it yields."""

    def connected() -> SMTP:
        return SMTP(
            post,
            hostname="mail.example.org",
            tls_context=starttls,
            auth_required=authenticator is not None,
            auth_require_tls=starttls is not None,
            authenticator=authenticator,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connected, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
