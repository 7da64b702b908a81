"""Templates get what is disclosed, and can do nothing else."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.disclosure.disclosure import FIELDS, disclose
from fulfillment_sdk.plugins.wording import (
    MOST_CHARACTERS,
    NAMES,
    Template,
    WordingFailed,
    names_of,
    one_line,
)
from tests import samples
from tests.unit.plugins.bodies import delivery, status_changed

COMPLETED = samples.body("case-completed")


def filled(source: str, body: bytes = COMPLETED, *, html: bool = False) -> str:
    return Template.of(source, name="it", html=html).fill(names_of(delivery(body)))


def test_a_template_names_the_facts_of_an_event() -> None:
    source = (
        "{{ reference_number }} {{ new_status }} {{ sequence }} {{ outcome }} "
        "{{ case.request.priority }} {{ event.type }} {{ form_submissions | length }} "
        "{% for step in case.timeline %}{{ step.new_status }},{% endfor %}"
    )
    assert filled(source) == (
        "HL-CMS-000123 qc_passed 6 positive 1 case.completed 2 "
        "new,allocated,in_progress,submitted,qc_passed,"
    )


def test_what_an_event_lacks_or_does_not_disclose_is_empty() -> None:
    source = "[{{ outcome }}{{ qc_review.reason_code }}{{ case.request.narrative.words }}]"
    assert filled(source, status_changed()) == "[]"
    assert filled("[{{ outcome }}]", disclose(COMPLETED, "routing")) == "[]"
    assert filled("[{{ case.request.narrative }}{{ case.request }}]") == (
        "[{'case_category_id': '362485', 'priority': '1'}]"
    )


def test_even_a_full_event_gives_a_template_no_more_than_operational_facts() -> None:
    everything = "".join(f"{{{{ {name} }}}}" for name in sorted(NAMES))

    said = filled(everything)

    assert "qc_passed" in said
    for hidden in ("Jane", "Sarah", "abuse", "0712345678", "door.jpg", "Neighbour"):
        assert hidden not in said


@pytest.mark.parametrize(
    ("source", "message", "remedy"),
    [
        ("{{ narrative }}", "it names narrative, which is never disclosed", "Names are actor, "),
        ("{{ reporter.fname }}", "it names reporter, which is never disclosed", ""),
        ("{{ new_statsu }}", "it names new_statsu, which", "Did you mean new_status?"),
        ("{{ range(9) }}", "it names range, which is never disclosed", ""),
        ("{{ lipsum() }}", "it names lipsum, which is never disclosed", ""),
        ("a\n{% if %}", "it is no template, by line 2", "Correct it."),
        ("{{ 1 | hush }}", "it is no template", "Correct it."),
        ("{% include '/etc/passwd' %}{{ hush }}", "it names hush", ""),
    ],
)
def test_a_template_that_names_what_is_never_disclosed_is_an_error_at_once(
    source: str, message: str, remedy: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Template.of(source, name="it")

    assert caught.value.message.startswith(message)
    assert caught.value.remedy.startswith(remedy)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ case.__init__.__globals__ }}",
        "{{ event.clear() }}",
        "{{ case.timeline.append(1) }}",
        "{{ sequence / 0 }}",
        "{{ outcome() }}",
    ],
)
def test_a_template_reaches_nothing_but_facts(source: str) -> None:
    names = names_of(delivery(COMPLETED))
    template = Template.of(source, name="it")

    with contextlib.suppress(WordingFailed):
        assert template.fill(names) == ""
    assert names == names_of(delivery(COMPLETED))


def test_a_template_that_fails_is_told_by_the_kind_of_its_failure() -> None:
    with pytest.raises(WordingFailed) as caught:
        filled("{{ sequence / 0 }}")

    assert caught.value.message == "the template failed (ZeroDivisionError)"


def test_a_template_makes_no_endless_text() -> None:
    loop = "{% for a in case.timeline %}" * 8 + "x" * 100 + "{% endfor %}" * 8
    assert len(filled(loop)) == MOST_CHARACTERS


@pytest.mark.parametrize(
    "key", ["form_submissions", "case", "case.timeline", "case.request", "outcome"]
)
def test_what_is_null_is_empty_like_what_is_missing(key: str) -> None:
    event = json.loads(COMPLETED)
    *above, last = key.split(".")
    told = event["data"]
    for name in above:
        told = told[name]
    told[last] = None
    given = names_of(delivery(json.dumps(event).encode()))
    source = f"{{% for one in {key} %}}x{{% endfor %}}{{{{ {key} | length }}}} {{{{ {key}.more }}}}"

    assert Template.of(source, name="it").fill(given) == "0 "


def test_values_are_escaped_in_html_and_only_there() -> None:
    event = json.loads(status_changed())
    event["data"]["form_submissions"] = [{"form_name": "a (b)"}]
    event["type"] = "a/b"
    names = {**names_of(delivery(json.dumps(event).encode())), "outcome": "<b>&"}

    assert Template.of("{{ outcome }}", name="it", html=True).fill(names) == "&lt;b&gt;&amp;"
    assert Template.of("{{ outcome }}", name="it").fill(names) == "<b>&"


def test_a_template_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("{{ new_status }} é", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"\xff")

    assert (
        Template.read(tmp_path / "a.txt", name="it").fill(names_of(delivery(COMPLETED)))
        == "qc_passed é"
    )
    for name, why in (("b.txt", "it is no text"), ("c.txt", "No such file or directory")):
        with pytest.raises(ConfigurationError, match=f"it can't be read: {why}"):
            Template.read(tmp_path / name, name="it")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nBcc: b", "a Bcc: b"),
        ("a\u2028b\0c\x85d", "a b c d"),
        ("  a \t b ", "a b"),
        ("x" * 500, "x" * 200),
        ("\n", ""),
    ],
)
def test_a_subject_is_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_the_names_are_those_of_the_table() -> None:
    data = FIELDS["operational"]["data"]
    assert {"anomaly", "event", *data} == NAMES  # type: ignore[misc]


@pytest.mark.parametrize(
    "source",
    [
        "{% include '/etc/passwd' %}",
        "{% include case_id %}",
        "{% import 'os' as os %}",
        "{% from 'os' import path %}",
        "{% extends 'x' %}",
    ],
)
def test_a_template_that_needs_another_one_is_refused_at_once(source: str) -> None:
    with pytest.raises(ConfigurationError, match="The text needs another template"):
        Template.of(source, name="The text")


def test_a_template_that_is_nested_too_deep_is_none() -> None:
    deep = "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}"
    with pytest.raises(ConfigurationError, match=r"The text is no template \(RecursionError\)"):
        Template.of(deep, name="The text")
