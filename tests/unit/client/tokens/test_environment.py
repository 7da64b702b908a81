from __future__ import annotations

import pytest

from fulfillment_sdk import EnvTokens, MemoryTokens


def test_the_token_is_that_of_the_variable() -> None:
    assert EnvTokens(environ={"FULFILLMENT_TOKEN": "t0ken"}).load() == "t0ken"
    assert EnvTokens("OURS", environ={"OURS": "other"}).load() == "other"
    assert EnvTokens(environ={}).load() is None


def test_the_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULFILLMENT_TOKEN", "t0ken")
    assert EnvTokens().load() == "t0ken"


def test_a_token_that_is_saved_is_used_here_and_written_nowhere() -> None:
    environ = {"FULFILLMENT_TOKEN": "t0ken"}
    tokens = EnvTokens(environ=environ)
    tokens.save("newer")
    assert tokens.load() == "newer"
    tokens.clear()
    assert tokens.load() is None
    assert environ == {"FULFILLMENT_TOKEN": "t0ken"}


def test_no_token_shows() -> None:
    tokens = EnvTokens(environ={"FULFILLMENT_TOKEN": "t0ken"})
    tokens.save("newer")
    assert repr(tokens) == "EnvTokens('FULFILLMENT_TOKEN')"
    assert repr(MemoryTokens("t0ken")) == "MemoryTokens()"
