"""Mail over a real mail server: plain, STARTTLS, TLS, with a password, and failing."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import TypeAlias

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fulfillment_sdk.plugins.smtp import SmtpServer
from fulfillment_sdk.server.gateway.mail.mailer import (
    MailFailed,
    MailRefused,
    SmtpMailer,
)
from tests.integration.gateway.parts import OWNER, open_house

Authenticator: TypeAlias = Callable[[SMTP, Session, Envelope, str, object], AuthResult]

SENDER = "Fulfillment <codes@gateway.example.org>"


class Inbox:
    """A mail server's handler that keeps what it is given, or refuses it."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.mails: list[bytes] = []
        self.sessions: list[Session] = []

    async def handle_DATA(  # noqa: N802  the server's name for it
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        self.sessions.append(session)
        return self.answer


class Picky(Inbox):
    """Refuses addresses, before there is a mail."""

    async def handle_RCPT(  # noqa: N802  the server's name for it
        self,
        _server: SMTP,
        _session: Session,
        _envelope: Envelope,
        _address: str,
        _options: list[str],
    ) -> str:
        return self.answer


@asynccontextmanager
async def mail_server(
    inbox: Inbox,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    authenticator: Authenticator | None = None,
) -> AsyncIterator[int]:
    """A mail server on a free port, which it yields."""

    def connected() -> SMTP:
        return SMTP(
            inbox,
            hostname="mail.example.org",
            tls_context=starttls,
            auth_required=authenticator is not None,
            authenticator=authenticator,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connected, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS context, and a client's that trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(
        cadata=signed.public_bytes(serialization.Encoding.PEM).decode()
    )
    return server, client


def mailer(url: str, tls: ssl.SSLContext | None = None) -> SmtpMailer:
    return SmtpMailer(SmtpServer.of(url), sender=SENDER, tls=tls, timeout=5)


async def send(mailer: SmtpMailer) -> None:
    await mailer.send(to=OWNER, subject="Your verification code", text="It is 123456\n")


async def test_a_mail_is_handed_over() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        await send(mailer(f"smtp://127.0.0.1:{port}"))
    message = message_from_bytes(inbox.mails[0], policy=policy.default)
    assert (message["From"], message["To"]) == (SENDER, OWNER)
    assert message["Subject"] == "Your verification code"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == "It is 123456\n"


async def test_starttls_is_used_where_it_is_offered(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, client = certificate
    inbox = Inbox()
    async with mail_server(inbox, starttls=server) as port:
        await send(mailer(f"smtp://127.0.0.1:{port}", client))
    assert inbox.sessions[0].ssl is not None


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    inbox = Inbox()
    async with mail_server(inbox, starttls=certificate[0]) as port:
        with pytest.raises(MailFailed):
            await send(mailer(f"smtp://127.0.0.1:{port}"))
    assert inbox.mails == []


async def test_smtps_speaks_tls_from_the_first_byte(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server, client = certificate
    inbox = Inbox()
    async with mail_server(inbox, tls=server) as port:
        await send(mailer(f"smtps://127.0.0.1:{port}", client))
    assert len(inbox.mails) == 1


@pytest.mark.parametrize(("password", "arrives"), [("p%40ss", True), ("wrong", False)])
async def test_a_password_is_sent_over_starttls(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext], password: str, arrives: bool
) -> None:
    server, client = certificate
    inbox = Inbox()

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == b"p@ss"
        return AuthResult(success=right and mechanism in ("PLAIN", "LOGIN"), handled=False)

    async with mail_server(inbox, starttls=server, authenticator=authenticate) as port:
        sender = mailer(f"smtp://user:{password}@127.0.0.1:{port}", client)
        if arrives:
            await send(sender)
        else:
            with pytest.raises(MailFailed):
                await send(sender)
    assert len(inbox.mails) == int(arrives)


@pytest.mark.parametrize("answer", ["550 no such user owner@example.org", "451 later"])
async def test_a_refusal_is_an_error_that_repeats_nothing(answer: str) -> None:
    for inbox in (Inbox(answer), Picky(answer)):
        async with mail_server(inbox) as port:
            with pytest.raises(MailRefused) as caught:
                await send(mailer(f"smtp://127.0.0.1:{port}"))
        assert OWNER not in str(caught.value)
        assert "123456" not in str(caught.value)


async def test_a_gateway_whose_mail_server_is_down_answers_502(tmp_path: Path) -> None:
    async with mail_server(Inbox()) as port:
        pass
    async with open_house(
        tmp_path, dev=True, use_smtp=True, smtp_url=f"smtp://127.0.0.1:{port}"
    ) as house:
        answer = await house.ask()
        assert answer.status_code == 502
        assert answer.json() == {
            "status": "error",
            "message": "Failed to send verification email",
        }
        assert (await house.get("/dev/mailbox/")).json() == []


async def test_with_dev_and_a_mail_server_a_mail_goes_to_both(tmp_path: Path) -> None:
    inbox = Inbox()
    async with (
        mail_server(inbox) as port,
        open_house(tmp_path, dev=True, use_smtp=True, smtp_url=f"smtp://127.0.0.1:{port}") as house,
    ):
        assert (await house.ask()).status_code == 200
        (mail,) = (await house.get("/dev/mailbox/", to=OWNER)).json()
    message = message_from_bytes(inbox.mails[0], policy=policy.default)
    assert message.get_content().replace("\r\n", "\n") == mail["text"]
