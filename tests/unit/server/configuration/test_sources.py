"""Flags before variables before the file, and no key that means nothing (contract, section 7)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.configuration import options, sources

EXAMPLE = Path(__file__).parents[4] / "examples" / "reference_server" / "fulfillment.toml"


def test_a_flag_beats_a_variable_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "fulfillment.toml"
    file.write_text('port = 1\nrole = "portal"\ncase_rate = 7\n')
    given = sources.read(
        {"port": "3", "role": None},
        {"FULFILLMENT_PORT": "2", "FULFILLMENT_ROLE": "gateway"},
        config=file,
    )
    assert given.get(options.PORT) == 3
    assert given.get(options.ROLE) == "gateway"
    assert given.get(options.CASE_RATE) == 7


def test_what_no_source_names_has_the_tables_default(tmp_path: Path) -> None:
    given = sources.read({}, {}, folder=tmp_path)
    assert given.get(options.PORT) == 8000
    assert not given.has(options.PORT)
    assert given.config is None


def test_the_file_is_found_in_the_working_directory_first(tmp_path: Path) -> None:
    here, data = tmp_path / "here", tmp_path / "data"
    here.mkdir()
    data.mkdir()
    (here / "fulfillment.toml").write_text("port = 1\n")
    (data / "fulfillment.toml").write_text("port = 2\n")
    given = sources.read({"data": str(data)}, {}, folder=here)
    assert (given.get(options.PORT), given.config) == (1, here / "fulfillment.toml")


def test_the_file_is_found_in_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "fulfillment.toml").write_text("port = 2\n")
    given = sources.read({}, {"FULFILLMENT_DATA": str(tmp_path)}, folder=tmp_path / "elsewhere")
    assert given.get(options.PORT) == 2


def test_the_file_may_use_tomls_own_kinds_of_values(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        "legacy_tokens = true\n"
        "retry_schedule = [0, 0.5, 30]\n"
        "acceptance_timeout = 0.25\n"
        'registration_list = ["Hope, Inc.", "b.example"]\n'
        '[sinks.audit]\nkind = "jsonl"\n'
    )
    given = sources.read({}, {}, config=file)
    assert given.get(options.LEGACY_TOKENS) is True
    assert given.get(options.RETRY_SCHEDULE) == (0, 0.5, 30)
    assert given.get(options.ACCEPTANCE_TIMEOUT) == 0.25
    assert given.get(options.REGISTRATION_LIST) == ("Hope, Inc.", "b.example")


def test_the_examples_file_can_be_used_as_it_is() -> None:
    given = sources.read({}, {}, config=EXAMPLE)
    assert given.get(options.RETRY_SCHEDULE) == options.RETRY_SCHEDULE.default
    assert given.get(options.PUBLIC_URL) == "https://gateway.example.org"


def test_an_unknown_variable_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError) as refused:
        sources.read({}, {"FULFILLMENT_RETRY_SHEDULE": "0,1"})
    assert "FULFILLMENT_RETRY_SHEDULE" in refused.value.message
    assert refused.value.remedy == "Did you mean FULFILLMENT_RETRY_SCHEDULE?"


@pytest.mark.parametrize(
    ("key", "nearest"), [("prot", "port"), ("staff-token", "staff_token"), ("STAFF_TOKEN", "staff")]
)
def test_an_unknown_key_in_the_file_is_an_error_that_names_the_nearest(
    tmp_path: Path, key: str, nearest: str
) -> None:
    file = tmp_path / "s.toml"
    file.write_text(f'{key} = "hushhushhushhush"\n')
    with pytest.raises(ConfigurationError) as refused:
        sources.read({}, {}, config=file)
    assert key in refused.value.message
    assert nearest in refused.value.remedy
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "variable",
    [
        "FULFILLMENT_BASE_URL",
        "FULFILLMENT_TOKEN",
        "FULFILLMENT_DISABLE_PLUGINS",
        "FULFILLMENT_TEST_REQUIRE",
        "OTHER_PORT",
    ],
)
def test_variables_of_other_parts_are_left_alone(variable: str, tmp_path: Path) -> None:
    assert sources.read({}, {variable: "x"}, folder=tmp_path).values == {}


def test_a_lower_case_variable_is_unknown() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean FULFILLMENT_PORT"):
        sources.read({}, {"FULFILLMENT_port": "1"})


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert not sources.read({}, {"FULFILLMENT_PORT": " "}, folder=tmp_path).has(options.PORT)


def test_dev_is_no_variable_and_no_key(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("dev = true\n")
    with pytest.raises(ConfigurationError, match="flag only"):
        sources.read({}, {"FULFILLMENT_DEV": "1"})
    with pytest.raises(ConfigurationError, match="flag only"):
        sources.read({}, {}, config=file)


@pytest.mark.parametrize("content", ["port = ", "port = 1\nport = 2", "staff_token = {a = 1}"])
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "s.toml"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=r"s\.toml"):
        sources.read({}, {}, config=file)


def test_an_error_in_the_file_is_told_by_its_place_alone(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('port = 1\nstaff_token = "hush\n')
    with pytest.raises(ConfigurationError) as refused:
        sources.read({}, {}, config=file)
    assert re.search(r"can't be read as TOML: look at line 2, column \d+$", refused.value.message)
    assert "hush" not in str(refused.value)


def test_settings_in_a_table_belong_at_the_top_level(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[server]\nport = 1\n")
    with pytest.raises(ConfigurationError) as refused:
        sources.read({}, {}, config=file)
    assert refused.value.message.endswith("s.toml: [server]")
    assert "top level" in refused.value.remedy


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        sources.read({}, {}, config=Path("/nowhere/s.toml"))


def test_a_value_that_cannot_be_read_names_its_source_and_not_itself() -> None:
    with pytest.raises(ConfigurationError) as refused:
        sources.read({}, {"FULFILLMENT_STAFF_TOKEN": "hush hush hush hush"})
    assert refused.value.message.startswith("FULFILLMENT_STAFF_TOKEN must be")
    assert "hush" not in str(refused.value)


def test_a_boolean_is_no_number(tmp_path: Path) -> None:
    file = tmp_path / "fulfillment.toml"
    file.write_text("port = true\n")
    with pytest.raises(ConfigurationError, match="port"):
        sources.read({}, {}, config=file)
