"""A try that broke: what surely never arrived, told from what may have."""

from __future__ import annotations

import pytest

from fulfillment_sdk.client.exchange.breakage import Kinds, no_answer
from fulfillment_sdk.client.exchange.request import Request


class NeverSent(Exception):
    """What an HTTP library says before there is a connection."""


class Wrapped(Exception):
    """What it makes of any other error."""


KINDS = Kinds(
    never_sent=(NeverSent,),
    malformed=(),
    timeouts=(TimeoutError,),
    connecting=frozenset({(__name__, "connect")}),
)
REQUEST = Request("POST", "/", {}, b"{}", 35.0)


def connect() -> None:
    raise OSError("no way through")


def write() -> None:
    raise OSError("no way through")


def test_what_came_before_a_connection_was_never_sent() -> None:
    assert not no_answer(NeverSent(), REQUEST, KINDS).sent
    assert not no_answer(Wrapped(Wrapped(NeverSent())), REQUEST, KINDS).sent


def test_amid_an_answer_the_request_was_sent_whatever_broke() -> None:
    assert no_answer(NeverSent(), REQUEST, KINDS, answering=True).sent


def test_where_it_was_raised_tells_one_error_from_the_same() -> None:
    with pytest.raises(OSError, match="no way") as connecting:
        connect()
    with pytest.raises(OSError, match="no way") as writing:
        write()
    assert not no_answer(Wrapped(connecting.value), REQUEST, KINDS).sent
    assert no_answer(Wrapped(writing.value), REQUEST, KINDS).sent


def test_what_went_before_in_the_callers_code_says_nothing() -> None:
    error = Wrapped()
    error.__context__ = NeverSent()
    assert no_answer(error, REQUEST, KINDS).sent


def test_errors_that_wrap_each_other_have_an_end() -> None:
    inner = Wrapped()
    outer = Wrapped(inner)
    inner.args = (outer,)
    assert no_answer(outer, REQUEST, KINDS).sent


def test_the_time_that_ran_out_is_told() -> None:
    assert no_answer(Wrapped(TimeoutError()), REQUEST, KINDS).why == "nothing within 35 s"
    never = no_answer(NeverSent(TimeoutError()), REQUEST, KINDS)
    assert never.why == "none within 10 s"
