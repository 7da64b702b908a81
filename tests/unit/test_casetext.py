"""A case read from the document's JSON as it stands, comments included."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fulfillment_sdk import strictjson
from fulfillment_sdk.casetext import load_case
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models import NewCase, Person
from fulfillment_sdk.models._fields import Model, specs
from fulfillment_sdk.wire import dumps, load, to_json
from tests import samples

SECRET = "Jane Smith fled to Lake Street"


def refused(text: Any) -> PayloadError:
    with pytest.raises(PayloadError) as raised:
        load_case(text)
    return raised.value


def test_the_documents_full_example_is_read_with_its_comments() -> None:
    assert "# or CMIS" in samples.commented()
    assert "/* MANDATORY */" in samples.commented()
    assert load_case(samples.commented()) == load(NewCase, samples.read("case-full"))


@pytest.mark.parametrize("name", samples.CASES)
def test_the_documents_other_examples_are_read(name: str) -> None:
    assert load_case(samples.body(name)) == load(NewCase, samples.read(name))


@pytest.mark.parametrize(
    "text",
    [
        '# first\n{"plan": "x"} # last',
        '// first\r\n{"plan": // second\n "x"}//',
        '/* a */{/* b\n * c */"plan"/**/:/***/"x"/* # // */}/* " */',
        '{#"plan": "y",\n"plan": "x"\t}',
        '\ufeff{"plan": "x"}',
        '\ufeff{"plan": "x"}'.encode(),
        b' {"plan": "\\u0078"}\n',
        bytearray(b'{"plan": "x"}'),
    ],
)
def test_comments_stand_where_json_has_blanks(text: str) -> None:
    assert load_case(text) == NewCase(plan="x")


@pytest.mark.parametrize(
    "content",
    ["# no comment", "// none", "/* none */", "http://x.example/#a", '"', "\\", "/*", "é"],
)
def test_inside_a_text_a_comment_is_content(content: str) -> None:
    case = NewCase(reporter=Person(fname=content), narrative=content)
    assert load_case(dumps(case).decode()) == case


def test_numbers_nulls_and_unknown_keys_are_taken_as_from_the_wire() -> None:
    text = '{"priority": 2, "src_ts": 1741960667.820, "plan": null, "zz": [1.50, -0, 1e5, true]}'
    case = load_case(text)
    assert case == load(NewCase, strictjson.parse_object(text))
    assert (case.priority, case.src_ts, case.plan) == ("2", "1741960667.820", None)
    assert strictjson.dumps(case.extra["zz"]) == b"[1.50,0,1e5,true]"


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", 1, 1, "not a JSON object"),
        ("  \n # nothing but a comment\n", 3, 1, "not a JSON object"),
        ("[]", 1, 1, "not a JSON object"),
        ("\n  null", 2, 3, "not a JSON object"),
        ("{} x", 1, 4, "something follows the object"),
        ("{}\n/* a */ {}", 2, 9, "something follows the object"),
        ("{", 1, 2, "expected a key in double quotes"),
        ("{'plan': 'x'}", 1, 2, "expected a key in double quotes"),
        ('{"plan": "x",}', 1, 14, "expected a key in double quotes"),
        ("{,}", 1, 2, "expected a key in double quotes"),
        ('{"plan" "x"}', 1, 9, "expected a colon"),
        ('{"plan": }', 1, 10, "expected a value"),
        ('{"plan": True}', 1, 10, "expected a value"),
        ('{"plan": "x" "src": "y"}', 1, 14, "expected a comma or }"),
        ('{"zz": [1 2]}', 1, 11, "expected a comma or ]"),
        ('{"zz": [1,]}', 1, 11, "expected a value"),
        ('{"zz": 01}', 1, 9, "expected a comma or }"),
        ('{"zz": +1}', 1, 8, "expected a value"),
        ('{"zz": .5}', 1, 8, "expected a value"),
        ('{"zz": 5.}', 1, 9, "expected a comma or }"),
        ('{"zz": NaN}', 1, 8, "NaN and Infinity are not JSON"),
        ('{"zz": -Infinity}', 1, 8, "NaN and Infinity are not JSON"),
        ('{"plan": "x\n"}', 1, 12, "a control character"),
        ('{"plan": "x', 1, 12, "a text has no end"),
        ('{"plan": "\\x41"}', 1, 11, "an escape that JSON does not have"),
        ('{"plan": "\\u12"}', 1, 11, "an escape that JSON does not have"),
        ('{"plan": "\\ud800"}', 1, 10, "a text has half a surrogate pair"),
        ('{"plan": "\ud800"}', 1, 11, "a text has half a surrogate pair"),
        ('{"plan": "x", /* no end', 1, 15, "a comment has no end"),
        ('{"plan": "x", /* no end *', 1, 15, "a comment has no end"),
        ('{"plan": "x", /', 1, 15, "expected a key in double quotes"),
        ('{"plan": "x",\n "plan": "y"}', 2, 2, "an object has a key twice"),
        ('{"plan": 1,\r\n\r\n  "pl\\u0061n": 2}', 3, 3, "an object has a key twice"),
        ("{\r\r\u2028", 3, 1, "expected a key in double quotes"),
        (b'{"plan":\n "\xff"}', 2, 3, "not UTF-8"),
        (b"\xef\xbb\xbf{\xc3(", 1, 2, "not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    text: object, line: int, column: int, reason: str
) -> None:
    error = refused(text)
    assert (error.line, error.column, error.reason) == (line, column, reason)
    assert str(error) == f"line {line}, column {column}: {reason}"


@pytest.mark.parametrize(
    ("text", "path", "line", "column"),
    [
        ('{\n  "narrative": ["x"]}', "narrative", 2, 16),
        ('{"reporter": # who\n  "Jane"}', "reporter", 2, 3),
        ('{"reporter": {"age": 1.5}}', "reporter.age", 1, 22),
        ('{"reporter": {".id": {}}}', "reporter..id", 1, 22),
        ('{"clients_case": [{}, {"age":\ttrue}]}', "clients_case[1].age", 1, 31),
        ('{"clients_case": [\n{}, 7]}', "clients_case[1]", 2, 5),
        ('{"verification": {"location": {"lat": []}}}', "verification.location.lat", 1, 39),
        ('{"gbv_related": "true"}', "gbv_related", 1, 17),
    ],
)
def test_a_wrong_type_is_said_with_its_path_and_place(
    text: str, path: str, line: int, column: int
) -> None:
    error = refused(text)
    assert (error.path, error.line, error.column) == (path, line, column)
    assert str(error).startswith(f"line {line}, column {column}: {path}: must be ")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_ends_at_thirty_two(opening: str) -> None:
    inside, closing = ("", "]") if opening == "[" else ("1", "}")
    allowed = load_case('{"zz":' + opening * 31 + inside + closing * 31 + "}")
    assert set(allowed.extra) == {"zz"}
    error = refused('{"zz":' + opening * 32 + inside + closing * 32 + "}")
    assert error.reason == "nested too deep"
    assert error.column == 7 + 31 * len(opening)


def test_a_million_brackets_are_refused_like_thirty_three() -> None:
    assert refused('{"zz":' + "[" * 1_000_000).reason == "nested too deep"


def test_a_number_of_any_length_is_a_number() -> None:
    case = load_case('{"zz": ' + "9" * 5000 + "}")
    assert strictjson.dumps(case.extra) == b'{"zz":' + b"9" * 5000 + b"}"
    assert refused('{"narrative": ' + "9" * 5000 + "}").path == "narrative"


def test_a_long_key_is_not_repeated_for_everything_below_it() -> None:
    key = "k" * 100_000
    case = load_case('{"' + key + '": [' + ",".join(["[0]"] * 20_000) + "]}")
    assert len(case.extra) == 1


@pytest.mark.parametrize(
    "text",
    [
        f'{{"narrative": "{SECRET}" "plan": 1}}',
        f'{{"narrative": ["{SECRET}"]}}',
        f'{{"{SECRET}": 1, "{SECRET}": 2}}',
        f'{{"narrative": "{SECRET}\\x"}}',
        f'{{"reporter": "{SECRET}"}}',
        f'{{"narrative": {SECRET}}}',
        f'{{"narrative": "{SECRET}'.encode() + b"\xff",
    ],
)
def test_an_error_holds_nothing_of_the_text(text: str) -> None:
    error = refused(text)
    shown = str(error) + repr(error) + repr(vars(error)) + repr(error.args)
    assert not any(word in shown for word in SECRET.split())
    assert error.__context__ is None
    assert error.__cause__ is None


# Whatever is given, a case or one error with its place

PIECES = st.sampled_from(
    [
        *'{}[]:,"#/*\\\n\r\t -+.0159eE',
        *("/*", "*/", "//", '"plan"', '"reporter"', '"clients_case"', '"gbv_related"', '"src_ts"'),
        *('".id"', '"fname"', '"a"', "true", "false", "null", "NaN", "1.5", "\\u0041", "\\ud800"),
        *("\ufeff", "\ud800", "\u2028", "é", "\x00", '{"plan":', "[[[", "}}}"),
    ]
)
JSON_LIKE = st.lists(PIECES, max_size=40).map("".join)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.text() | st.binary() | JSON_LIKE | JSON_LIKE.map(lambda inner: f'{{"plan": {inner}}}'))
@example('{"a":' * 40)
@example("/*" * 50_000)
@example('{"' + "\\" * 9_999)
@example("#" * 50_000)
@example("{" + "/**/" * 20_000)
def test_any_input_gives_a_case_or_one_error_with_its_place(text: str | bytes) -> None:
    result = attempt(text)
    if isinstance(result, NewCase):
        assert load(NewCase, to_json(result)) == result
        return
    assert result.line is not None
    assert result.column is not None
    whole = text if isinstance(text, str) else text.decode("utf-8", "replace")
    lines = re.split(r"\r\n|\r|\n", whole)
    assert 1 <= result.line <= len(lines)
    assert 1 <= result.column <= len(lines[result.line - 1]) + 1


def attempt(text: str | bytes) -> NewCase | PayloadError:
    try:
        return load_case(text)
    except PayloadError as error:
        return error


# Good cases, with comments strewn in

SCALARS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
COMMENTS = st.sampled_from(
    ["", " ", "\n", "# a\n", "// {\r", "/**/", '/* " */', "/***/\t", "#\r\n"]
)


def _objects(cls: type[Model], depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for spec in specs(cls):
        match spec.kind:
            case "text":
                fields[spec.wire] = SCALARS | st.integers(-(10**12), 10**12)
            case "stamp":
                fields[spec.wire] = SCALARS | st.integers(0, 10**10)
            case "flag":
                fields[spec.wire] = st.booleans()
            case "object" if spec.of is not None:
                fields[spec.wire] = _objects(spec.of, depth + 1)
            case "list" if spec.of is not None:
                fields[spec.wire] = st.lists(_objects(spec.of, depth + 1), max_size=2)
    keys = st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=5)
    return keys.flatmap(lambda chosen: st.fixed_dictionaries({k: fields[k] for k in chosen}))


def _strewn(value: object, draw: Any) -> str:
    """Write a value as JSON with a comment wherever one may stand."""
    gap = draw(COMMENTS)
    match value:
        case dict():
            inner = ",".join(
                f"{draw(COMMENTS)}{json.dumps(key)}{draw(COMMENTS)}:{_strewn(item, draw)}"
                for key, item in value.items()
            )
            return f"{gap}{{{inner}{draw(COMMENTS)}}}{draw(COMMENTS)}"
        case list():
            return f"{gap}[{','.join(_strewn(item, draw) for item in value)}{gap}]{draw(COMMENTS)}"
    return f"{gap}{json.dumps(value)}{draw(COMMENTS)}"


@st.composite
def commented(draw: Any) -> tuple[dict[str, Any], str]:
    document = draw(_objects(NewCase))
    return document, _strewn(document, draw)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(commented())
def test_comments_change_nothing(pair: tuple[dict[str, Any], str]) -> None:
    document, text = pair
    assert load_case(text) == load(NewCase, document)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(_objects(NewCase))
def test_what_a_model_writes_is_read_as_the_same_model(document: dict[str, Any]) -> None:
    case = load(NewCase, document)
    assert load_case(dumps(case)) == case
    assert to_json(load_case(json.dumps(to_json(case), indent=2))) == to_json(case)


@pytest.mark.parametrize("wrong", [None, {"plan": "x"}, Path("case.json"), io.StringIO("{}")])
def test_what_is_no_text_is_told_by_its_type(wrong: Any) -> None:
    kind = type(wrong).__name__
    with pytest.raises(TypeError, match=f"takes the JSON as text or bytes, not {kind}$"):
        load_case(wrong)
