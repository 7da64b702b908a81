"""Log lines: one per event, structured, and without what a partner sent."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from fulfillment_sdk.relay import Attempt
from fulfillment_sdk.relay.reports.watch import Watch
from fulfillment_sdk.server.http import RequestIds
from fulfillment_sdk.server.observability.logs import JsonFormatter, LineFormatter, configure


def line(record: logging.LogRecord) -> str:
    record.created = 1_743_955_200.25
    return LineFormatter().format(record)


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("a.b", logging.WARNING, "f.py", 1, message, args, None)
    vars(made).update(extra)
    return made


def test_a_line_holds_time_level_logger_message_and_what_was_handed_over() -> None:
    assert line(record("attempt", status=202, seconds=0.0123456789)) == (
        "time=2025-04-06T16:00:00.250Z level=warning logger=a.b message=attempt "
        "status=202 seconds=0.0123457"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("two words", '"two words"'),
        ("a\nb", r'"a\nb"'),
        ('"', r'"\""'),
        ("", '""'),
        ("é", '"\\u00e9"'),
    ],
)
def test_a_value_never_breaks_its_line(value: str, written: str) -> None:
    assert line(record("m", key=value)).endswith(f" key={written}")


async def test_what_is_logged_while_a_request_is_served_names_its_id() -> None:
    written: list[str] = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        written.extend([line(record("m")), line(record("m", request_id="its own"))])

    async def nobody(*_arguments: object) -> None:
        pass

    scope = {"type": "http", "headers": [(b"x-request-id", b"req-7")]}
    await RequestIds(app)(scope, nobody, nobody)  # type: ignore[arg-type]
    written.append(line(record("m")))
    assert [one.partition(" message=m")[2] for one in written] == [
        " request_id=req-7",
        ' request_id="its own"',
        "",
    ]


def test_of_an_exception_only_kind_and_place_are_written() -> None:
    made = record("request failed")
    try:
        raise KeyError("the narrative")
    except KeyError as error:
        made.exc_info = (KeyError, error, error.__traceback__)
    written = line(made)
    assert "error=KeyError at=test_logs.py:" in written
    assert "narrative" not in written
    assert "\n" not in written


def test_as_json_a_line_is_one_object_whose_numbers_are_numbers() -> None:
    made = record("attempt %d", 2, status=202, seconds=0.5, path=Path("a b"), odd=float("nan"))
    made.created = 1_743_955_200.25
    made.name = "fulfillment_sdk.relay"
    written = JsonFormatter().format(made)
    assert "\n" not in written
    assert json.loads(written) == {
        "time": "2025-04-06T16:00:00.250Z",
        "level": "warning",
        "logger": "fulfillment_sdk.relay",
        "message": "attempt 2",
        "status": 202,
        "seconds": 0.5,
        "path": "a b",
        "odd": "nan",
    }


def test_of_a_relays_line_the_facts_are_fields_where_there_are_fields(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "fulfillment_sdk.relay")
    tried = Attempt(
        destination="a b",
        event_id="evt_1",
        lane="case_1",
        attempt=2,
        at=0.0,
        seconds=0.0125,
        outcome="retry",
        why="HTTP 503",
    )
    Watch().settled([tried])
    [made] = caplog.records
    written = json.loads(JsonFormatter().format(made))
    assert {key: written[key] for key in written if key not in ("time", "level", "logger")} == {
        "message": "attempt",
        "destination": "a b",
        "event": "evt_1",
        "lane": "case_1",
        "n": 2,
        "outcome": "retry",
        "ms": 12.5,
        "why": "HTTP 503",
    }
    assert line(made).endswith(
        r'message="attempt destination=\"a b\" event=evt_1 lane=case_1 n=2 outcome=retry ms=12.5'
        r' why=\"HTTP 503\""'
    )


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_what_another_package_fills_into_its_messages_is_left_out(
    formatter: logging.Formatter,
) -> None:
    filled = record("font lacks %s", "the narrative")
    told = record("Task exception was never retrieved\nfuture: KeyError('the narrative')")
    for made, said in ((filled, "font lacks %s"), (told, "Task exception was never retrieved")):
        written = formatter.format(made)
        assert said in written
        assert "narrative" not in written


def test_what_is_handed_over_hides_nothing_that_every_line_has() -> None:
    assert "level=warning logger=a.b" in line(record("m", level="harmless", logger="elsewhere"))


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    loggers = [logging.getLogger(name) for name in (None, "fulfillment_sdk", "uvicorn")]
    handlers, levels = loggers[0].handlers[:], [logger.level for logger in loggers]
    yield loggers[0]
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.parametrize(("verbose", "lines"), [(False, 2), (True, 3)])
def test_verbose_shows_more(root: logging.Logger, verbose: bool, lines: int) -> None:
    stream = io.StringIO()
    configure(verbose=verbose, stream=stream)
    ours = logging.getLogger("fulfillment_sdk.server")
    ours.debug("request")
    ours.info("started")
    logging.getLogger("elsewhere").info("noise")
    root.warning("problem")
    assert len(stream.getvalue().splitlines()) == lines


def test_the_form_of_lines_is_chosen(root: logging.Logger) -> None:
    stream = io.StringIO()
    configure(verbose=False, form="json", stream=stream)
    root.warning("problem")
    assert json.loads(stream.getvalue())["message"] == "problem"


@pytest.mark.parametrize(("verbose", "lines"), [(False, 0), (True, 1)])
@pytest.mark.usefixtures("root")
def test_what_strangers_send_fills_no_log(verbose: bool, lines: int) -> None:
    stream = io.StringIO()
    configure(verbose=verbose, stream=stream)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert len(stream.getvalue().splitlines()) == lines
