"""The kind `email`: against a real mail server, plain and with TLS, kind and unkind."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from fulfillment_sdk.plugins.bundled.email.lines import Lines
from fulfillment_sdk.plugins.disclosure.disclosure import Disclosure
from fulfillment_sdk.plugins.smtp import SmtpServer
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry
from tests import samples
from tests.integration.endpoints import self_signed
from tests.integration.mail_servers import Post, a_mail_server, knows
from tests.integration.sinks.making import a_sink, deliver
from tests.unit.plugins.bodies import delivery, status_changed
from tests.unit.plugins.bundled.limits import no_descriptor_left
from tests.unit.plugins.leaves import hidden

SENDER = "Case desk <desk@partner.example.org>"
ANNA, BEN = "anna@partner.example.org", "ben@partner.example.org"
CHANGED = delivery(status_changed())
LACKING = Retry("the mail server lacks what is required, TLS or a log-in")
COMPLETED = delivery(samples.body("case-completed"))


def table(port: int, **more: object) -> dict[str, object]:
    usual = {"server": f"smtp://127.0.0.1:{port}", "sender": SENDER, "to": [ANNA, BEN]}
    return {"kind": "email", **usual, **more}


async def outcome_of(post: Post, given: Delivery = CHANGED, **more: object) -> Outcome:
    async with a_mail_server(post) as port, a_sink(**table(port, **more)) as sink:
        return await deliver(sink, given)


async def test_people_get_a_mail_about_a_change_with_what_is_disclosed() -> None:
    post = Post()

    outcome = await outcome_of(post)

    assert outcome == Delivered("2 recipients")
    [mail] = post.mails
    assert mail["From"] == SENDER
    assert mail["To"] == f"{ANNA}, {BEN}"
    assert mail["Subject"] == "HL-CMS-000123: submitted"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = mail.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().replace("\r\n", "\n") == (
        "The case's status is now: submitted\n\n"
        "Case        HL-CMS-000123 (case_1)\n"
        "Status      in_progress -> submitted\n"
        "Time        2025-04-06T15:00:00.000000Z\n"
        "By          worker (form_submitted)\n\n"
        "Event evt_1\n"
    )
    assert html.get_content_type() == "text/html"
    assert "<strong>submitted</strong>" in html.get_content()
    [envelope] = post.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("desk@partner.example.org", [ANNA, BEN])


@pytest.mark.parametrize("disclosure", ["routing", "operational"])
async def test_no_mail_has_a_value_in_it_that_is_not_disclosed(disclosure: Disclosure) -> None:
    post = Post()

    await outcome_of(post, COMPLETED, disclosure=disclosure)

    [said] = post.said
    assert [value for value in hidden(COMPLETED.body, disclosure) if value in said] == []
    assert ("positive" in said) == (disclosure == "operational")
    assert ("1 file" in said) == (disclosure == "operational")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it is there already
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_mail_goes_over_tls_with_a_password(tmp_path: Path, scheme: str) -> None:
    certificate, key = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    how = {"starttls": tls} if scheme == "smtp" else {"tls": tls}
    post = Post()
    users = knows("desk@x", "p@ss")

    async with a_mail_server(post, authenticator=users, **how) as port:
        said = table(port, server=f"{scheme}://desk%40x@127.0.0.1:{port}", ca=str(certificate))
        async with a_sink(**said, password="p@ss") as right:
            taken = await deliver(right, CHANGED)
        async with a_sink(**said, password="hush") as wrong:
            refused = await deliver(wrong, CHANGED)
        async with a_sink(**{**said, "ca": None}, password="p@ss") as trusting_the_system:
            unknown = await deliver(trusting_the_system, CHANGED)

    assert taken == Delivered("2 recipients")
    assert refused == Retry("the mail server does not take the password (SMTP 535)")
    assert unknown == Retry("the mail server's certificate is not accepted")
    assert len(post.mails) == 1
    assert post.sessions[0].ssl is not None or scheme == "smtps"


@pytest.mark.parametrize(
    ("scheme", "tls", "outcome"),
    [
        ("smtp", "if_offered", Delivered("2 recipients")),
        ("smtp", "required", Retry("the mail server's certificate is not accepted")),
        ("smtps", "if_offered", Retry("the mail server's certificate is not accepted")),
    ],
)
async def test_a_certificate_that_nobody_signed_will_do_on_this_machine_where_none_is_needed(
    scheme: str, tls: str, outcome: Outcome, tmp_path: Path
) -> None:
    certificate, key = self_signed(tmp_path)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(certificate, key)
    starttls, first = (own, None) if scheme == "smtp" else (None, own)
    async with (
        a_mail_server(Post(), starttls=starttls, tls=first) as port,
        a_sink(**table(port, server=f"{scheme}://127.0.0.1:{port}", tls=tls)) as sink,
    ):
        assert await deliver(sink, CHANGED) == outcome


async def test_nothing_is_sent_in_the_clear_where_tls_is_required() -> None:
    post = Post()
    async with a_mail_server(post) as port:
        lines = Lines(
            SmtpServer.of(f"smtp://127.0.0.1:{port}"),
            tls=ssl.create_default_context(),
            insist=True,
            name="partner.example.org",
        )
        with pytest.raises(Exception, match="STARTTLS") as caught:
            await lines.send("desk@partner.example.org", [ANNA], b"Subject: x\r\n\r\nx")

    assert type(caught.value).__module__.startswith("aiosmtplib")
    assert post.envelopes == []


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({}, LACKING),
        ({"tls": "if_offered"}, Delivered("2 recipients")),
        ({"tls": "if_offered", "user": "desk@", "password": "hush"}, LACKING),
    ],
)
async def test_neither_a_mail_nor_a_password_crosses_a_network_in_the_clear_unasked(
    more: dict[str, str], outcome: Outcome
) -> None:
    post, user = Post(), more.get("user", "")
    settings = {key: value for key, value in more.items() if key != "user"}
    async with a_mail_server(post) as port:
        # A spelling of this machine's address that is none of its well-known names.
        elsewhere = table(port, server=f"smtp://{user}127.1:{port}", **settings)
        async with a_sink(**elsewhere) as sink:
            assert await deliver(sink, CHANGED) == outcome

    assert len(post.mails) == (1 if isinstance(outcome, Delivered) else 0)


@pytest.mark.parametrize(
    ("post", "outcome"),
    [
        (Post("554 no such words: Jane"), Reject("the mail is refused (SMTP 554)")),
        (Post("451 later"), Retry("the mail is refused for now (SMTP 451)")),
        (
            Post(anna="550 nobody", ben="550 nobody"),
            Reject("every recipient is refused (SMTP 550)"),
        ),
        (Post(anna="450 later", ben="550 nobody"), Retry("1 recipient refused for now (SMTP 450)")),
        (Post(anna="550 nobody"), Delivered("1 recipient; 1 refused (SMTP 550)")),
        (Post(anna="451 later"), Retry("1 recipient refused for now (SMTP 451)")),
    ],
)
async def test_what_passes_is_tried_again_and_what_does_not_is_given_up(
    post: Post, outcome: Outcome
) -> None:
    assert await outcome_of(post) == outcome


async def test_a_sender_that_is_refused_is_a_mistake_in_the_settings() -> None:
    post = Post()
    post.sender_answer = "550 who are you"
    assert await outcome_of(post) == Retry("the sender is refused (SMTP 550)")


async def test_a_process_without_a_descriptor_left_says_so_to_the_relay() -> None:
    async with a_mail_server(Post()) as port, a_sink(**table(port)) as sink:
        with no_descriptor_left(), pytest.raises(OSError, match="no file descriptor"):
            await deliver(sink, CHANGED)
        assert await deliver(sink, CHANGED) == Delivered("2 recipients")


async def test_a_mail_server_that_is_away_is_tried_again() -> None:
    async with a_mail_server(Post()) as port:
        pass
    async with a_sink(**table(port)) as sink:
        assert await deliver(sink, CHANGED) == Retry("no connection to the mail server")


async def test_who_has_got_a_mail_gets_it_no_second_time() -> None:
    post = Post(anna="451 later")
    async with a_mail_server(post) as port, a_sink(**table(port)) as sink:
        first = await deliver(sink, CHANGED)
        post.answers = {}
        second = await deliver(sink, CHANGED)

    assert (first, second) == (
        Retry("1 recipient refused for now (SMTP 451)"),
        Delivered("2 recipients"),
    )
    assert [envelope.rcpt_tos for envelope in post.envelopes] == [[BEN], [ANNA]]
    once, again = post.mails
    assert once["Message-ID"] == again["Message-ID"]


async def test_mails_that_are_under_way_together_share_connections() -> None:
    post = Post()
    async with a_mail_server(post) as port, a_sink(**table(port)) as sink:
        events = [delivery(status_changed(f"evt_{n}", f"case_{n}")) for n in range(20)]
        outcomes = await asyncio.gather(*(deliver(sink, event) for event in events))

    assert set(outcomes) == {Delivered("2 recipients")}
    assert len({mail["Message-ID"] for mail in post.mails}) == 20
    assert len({session.peer for session in post.sessions}) == 4


async def test_a_connection_is_left_before_a_server_has_enough_of_it() -> None:
    post = Post()
    async with a_mail_server(post) as port:
        lines = Lines(
            SmtpServer.of(f"smtp://127.0.0.1:{port}"),
            tls=ssl.create_default_context(),
            insist=False,
            name="partner.example.org",
            most=1,
        )
        mails = [lines.send("d@x.org", [ANNA], b"Subject: x\r\n\r\nx") for _ in range(51)]
        await asyncio.gather(*mails)

    assert len(post.envelopes) == 51
    assert len({session.peer for session in post.sessions}) == 2


async def test_after_a_refusal_the_next_mail_goes_over_the_same_connection() -> None:
    post = Post("554 no")
    async with a_mail_server(post) as port:
        lines = Lines(
            SmtpServer.of(f"smtp://127.0.0.1:{port}"),
            tls=ssl.create_default_context(),
            insist=False,
            name="partner.example.org",
            most=1,
        )
        mails = [lines.send("d@x.org", [ANNA], b"Subject: x\r\n\r\nx") for _ in range(3)]
        refused = await asyncio.gather(*mails, return_exceptions=True)
        post.answer = "250 OK"
        taken = await asyncio.gather(
            *(lines.send("d@x.org", [ANNA], b"Subject: x\r\n\r\nx") for _ in range(3))
        )
        lines.close()

    assert [type(error).__name__ for error in refused] == ["SMTPDataError"] * 3
    assert taken == [{}, {}, {}]
    assert len({session.peer for session in post.sessions}) == 1


async def test_a_mail_that_takes_too_long_leaves_no_connection_behind() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org\r\n")
        ended.set_result(await reader.read(-1))
        writer.close()

    ended: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server, a_sink(**table(server.sockets[0].getsockname()[1])) as sink:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await deliver(sink, CHANGED)
        said = await asyncio.wait_for(ended, 5)

    assert said.startswith(b"EHLO partner.example.org")
