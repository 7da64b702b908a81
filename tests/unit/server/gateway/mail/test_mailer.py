"""Mail: where it goes, and what it looks like."""

from __future__ import annotations

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.smtp import SmtpServer
from fulfillment_sdk.server.gateway.mail.mailer import Mailbox, MailFailed, compose


class Failing:
    async def send(self, *, to: str, subject: str, text: str) -> None:
        raise MailFailed("down")


@pytest.mark.parametrize(
    ("url", "server", "start_tls"),
    [
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 25, False), None),
        ("smtp://mail.example.org:2525/", SmtpServer("mail.example.org", 2525, False), None),
        ("smtps://mail.example.org", SmtpServer("mail.example.org", 465, True), False),
        (
            "smtp://u%40x:p%3Ass@mail.example.org",
            SmtpServer("mail.example.org", 587, False, "u@x", "p:ss"),
            True,
        ),
        ("smtp://u:p@127.0.0.1:25", SmtpServer("127.0.0.1", 25, False, "u", "p"), None),
        ("smtps://u:p@[::1]:465", SmtpServer("::1", 465, True, "u", "p"), False),
    ],
)
def test_a_mail_servers_url_is_read(url: str, server: SmtpServer, start_tls: bool | None) -> None:
    assert SmtpServer.of(url) == server
    assert SmtpServer.of(url).start_tls is start_tls


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://s3cret:s3cret@h:99999",
        "smtp://s3cret@h/path",
        "smtp://[s3cret",
    ],
)
def test_any_other_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SmtpServer.of(url)
    assert "s3cret" not in str(caught.value)


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(SmtpServer.of("smtp://u:s3cret@h"))


def test_a_message_goes_to_exactly_one_address() -> None:
    message = compose(
        sender="Codes <codes@example.org>",
        to="o'neil+cases@example.org",
        subject="Your code",
        text="Grüße\n",
        at=0.0,
        unique="1f0c",
    )
    assert message["To"] == "o'neil+cases@example.org"
    assert message["From"] == "Codes <codes@example.org>"
    assert message.get_content() == "Grüße\n"


def test_a_message_says_when_it_was_written_and_which_it_is() -> None:
    first, second = (
        compose(
            sender=sender, to="a@example.org", subject="s", text="t", at=1_743_960_600.5, unique=u
        )
        for sender, u in (("Codes <codes@example.org>", "1f0c"), ("codes@mail.example", "2e1d"))
    )
    assert first["Date"] == "Sun, 06 Apr 2025 17:30:00 +0000"
    assert first["Message-ID"] == "<1f0c@example.org>"
    assert second["Message-ID"] == "<2e1d@mail.example>"


async def test_the_mailbox_keeps_the_newest_and_finds_by_address() -> None:
    times = iter((1.0, 2.0, 3.0))
    mailbox = Mailbox(clock=lambda: next(times), most=2)
    for to in ("a@example.org", "b@example.org", "a@example.org"):
        await mailbox.send(to=to, subject="s", text="t")
    assert [(mail.to, mail.sent_at) for mail in mailbox.mails()] == [
        ("a@example.org", 3.0),
        ("b@example.org", 2.0),
    ]
    assert [mail.sent_at for mail in mailbox.mails("A@EXAMPLE.org")] == [3.0]
    assert mailbox.mails("no address") == []
    assert "example.org" not in repr(mailbox.mails())


async def test_a_mail_that_the_server_refused_is_not_in_the_mailbox() -> None:
    mailbox = Mailbox(clock=lambda: 1.0, relay_to=Failing())
    with pytest.raises(MailFailed):
        await mailbox.send(to="a@example.org", subject="s", text="t")
    assert mailbox.mails() == []
