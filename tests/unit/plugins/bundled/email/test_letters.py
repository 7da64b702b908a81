"""What a mail looks like, and that no value gets into its head."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import attrs
import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.plugins.bundled.email import EmailSettings, make_email_sink
from fulfillment_sdk.plugins.bundled.email.making import letters_of
from fulfillment_sdk.plugins.settings.secret import Secret
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.relay import Delivery, RetryPolicy
from tests import samples
from tests.unit.plugins.bodies import delivery, status_changed, unknown_type

SETTINGS = EmailSettings(
    server=Secret("smtp://u:hush@mail.example.org"),
    sender="Case desk <desk@partner.example.org>",
    to=("anna@partner.example.org", "Ben Bö <ben@partner.example.org>"),
)
AT = 1_743_955_200.9


def written(given: Delivery, settings: EmailSettings = SETTINGS) -> EmailMessage:
    mail = letters_of(settings).write(given, at=AT)
    assert mail.isascii()
    return message_from_bytes(mail, policy=policy.default)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def with_data(**data: object) -> Delivery:
    event: dict[str, Any] = json.loads(status_changed())
    event["data"].update(data)
    return delivery(json.dumps(event).encode())


def test_the_head_says_who_when_and_of_which_case() -> None:
    mail = written(delivery(status_changed()))
    next_of_case = written(delivery(status_changed("evt_2", sequence=5)))
    of_another = written(delivery(status_changed("evt_3", "case_2")))

    assert mail["From"] == "Case desk <desk@partner.example.org>"
    assert mail["To"] == "anna@partner.example.org, Ben Bö <ben@partner.example.org>"
    assert mail["Date"] == "Sun, 06 Apr 2025 16:00:00 +0000"
    assert mail["Message-ID"].endswith("@partner.example.org>")
    assert written(delivery(status_changed()))["Message-ID"] == mail["Message-ID"]
    assert next_of_case["Message-ID"] != mail["Message-ID"]
    assert next_of_case["References"] == mail["References"] != of_another["References"]


def test_a_completion_says_what_is_disclosed_of_it() -> None:
    assert text_of(written(delivery(samples.body("case-completed")))) == (
        "The case is completed.\n\n"
        "Case        HL-CMS-000123 (case_987654)\n"
        "Status      submitted -> qc_passed\n"
        "Time        2025-04-06T16:00:00.000000Z\n"
        "By          qc (approved)\n"
        "Category    362485\n"
        "Priority    1\n"
        "Assigned    agent_001\n"
        "Outcome     positive\n"
        "Review      pass\n"
        "Form        site_visit, superseded\n"
        "Form        site_visit, submitted, 1 file\n"
        "Report      https://gateway.example/api/webhook/webform/cases/case_987654/report/\n\n"
        "Event evt_6\n"
    )


def test_an_event_of_an_unknown_type_is_told_by_its_type() -> None:
    mail = written(delivery(unknown_type()))
    assert mail["Subject"] == "case_1: case.archived"
    assert text_of(mail) == "An event of type case.archived.\n\nCase        case_1\n\nEvent evt_3\n"


HOSTILE = "x\r\nBcc: eve@example.org\r\n\r\n<script>alert(1)</script>"


@pytest.mark.parametrize("key", ["reference_number", "case_id", "new_status", "outcome", "message"])
def test_no_value_gets_into_the_head_or_the_markup(key: str) -> None:
    subject = "{{" + key + "}}"
    mail = written(with_data(**{key: HOSTILE}), attrs.evolve(SETTINGS, subject=subject))

    assert "Bcc" not in mail
    assert "eve@" not in mail.as_string()
    assert "script" not in text_of(mail, "html")


def test_a_subject_of_several_lines_is_one() -> None:
    subject = "a\nBcc: eve@example.org\n{{ new_status }}\r\n"
    mail = written(delivery(status_changed()), attrs.evolve(SETTINGS, subject=subject))

    assert mail["Subject"] == "a Bcc: eve@example.org submitted"
    assert "Bcc" not in mail


def test_a_subject_without_a_word_is_a_case() -> None:
    mail = written(delivery(status_changed()), attrs.evolve(SETTINGS, subject="{{ outcome }}"))
    assert mail["Subject"] == "A case"


def test_a_table_may_have_templates_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Der Fall {{ case_id }} ist {{ new_status }}. Grüße")
    (tmp_path / "a.html").write_text("<p>{{ case_id }}</p>")
    text = attrs.evolve(SETTINGS, text_template=tmp_path / "a.txt")
    both = attrs.evolve(text, html_template=tmp_path / "a.html")
    given = delivery(status_changed())

    assert text_of(written(given, text)) == "Der Fall case_1 ist submitted. Grüße\n"
    assert written(given, text).get_body(("html",)) is None
    assert text_of(written(given, both), "html") == "<p>case_1</p>\n"
    assert written(given, attrs.evolve(SETTINGS, html=False)).get_body(("html",)) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"to": ()}, "to is empty"),
        ({"to": ("hush",)}, "to[0] is no mail address"),
        ({"to": ("a@x.org, b@x.org",)}, "to[0] is no mail address"),
        ({"to": ("a@x.org", "a@x.org\r\nBcc: b@x.org")}, "to[1] is no mail address"),
        ({"to": ("ä@x.org",)}, "to[0] is no mail address"),
        ({"to": ("@x.org",)}, "to[0] is no mail address"),
        ({"to": ("a@",)}, "to[0] is no mail address"),
        ({"to": ("",)}, "to[0] is no mail address"),
        ({"sender": "Case desk"}, "sender is no mail address"),
        ({"sender": "\n"}, "sender is no mail address"),
        ({"server": Secret("hush://mail.example.org")}, "The mail server's URL can't be read"),
        ({"server": Secret("smtp://u@mail.example.org")}, "The mail server's user and password"),
        ({"subject": "{{ narrative }}"}, "subject names narrative, which is never disclosed"),
        ({"text_template": Path("/no/such/file")}, "text_template can't be read"),
        ({"html_template": Path("/no/such/file")}, "html_template can't be read"),
        ({"ca": Path("/no/such/file")}, "The certificates in /no/such/file can't be used"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_shows_no_password(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_email_sink(attrs.evolve(SETTINGS, **change))

    assert caught.value.message.startswith(message)
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(SETTINGS)


def test_an_error_says_which_sink_it_is_about() -> None:
    table = {
        "kind": "email",
        "server": "smtp://mail.example.org",
        "sender": "no",
        "to": ["a@x.org"],
    }
    with pytest.raises(ConfigurationError) as caught:
        SinkKinds.of(Plugins()).bind("desk", table, RetryPolicy())

    assert caught.value.message == "sinks.desk: sender is no mail address"


def test_people_never_get_full_events() -> None:
    table = {"kind": "email", "disclosure": "full", "server": "x", "sender": "x", "to": []}
    with pytest.raises(ConfigurationError) as caught:
        SinkKinds.of(Plugins()).bind("desk", table, RetryPolicy())

    assert caught.value.message == (
        "sinks.desk.disclosure can't be full: a sink of kind email reaches people"
    )
