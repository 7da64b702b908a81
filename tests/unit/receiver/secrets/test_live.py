"""The secrets that count follow the file they are kept in, and are never fewer by mischance."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.receiver.secrets.live import (
    READ_AFTER,
    SETTLED_AFTER,
    LiveSecrets,
    with_those_of_before,
)
from fulfillment_sdk.receiver.secrets.totals import fingerprint
from tests.unit.receiver.conftest import NOW

OLD, NEW = signing.new_secret(), signing.new_secret()


@attrs.define
class Kept:
    """A file with secrets, and the clocks of who reads it."""

    path: Path
    now: float = NOW
    steady: float = 0.0

    def write(self, *secrets: str, ago: float = SETTLED_AFTER) -> None:
        """Write it; the last change to it is so many seconds `ago`."""
        self.path.write_text("\n".join(secrets))
        os.utime(self.path, (self.now - ago,) * 2)

    def pass_time(self, seconds: float = READ_AFTER) -> None:
        self.now += seconds
        self.steady += seconds

    def live(self) -> LiveSecrets:
        return LiveSecrets({"file": str(self.path)}, lambda: self.now, lambda: self.steady)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    found = Kept(tmp_path / "secrets")
    found.write(OLD)
    return found


def test_what_is_new_in_the_file_counts_within_a_second(kept: Kept) -> None:
    live = kept.live()
    kept.write(NEW, OLD, ago=0)
    assert live.now().secrets == (OLD,), "it is not read with each notification"
    kept.pass_time()
    assert live.now().secrets == (NEW, OLD)
    assert live.now().fingerprints == (fingerprint(NEW), fingerprint(OLD))


def test_what_is_taken_out_counts_no_longer_once_the_file_is_left_alone(kept: Kept) -> None:
    kept.write(NEW, OLD)
    live = kept.live()
    kept.pass_time()
    kept.write(NEW, ago=0)
    assert live.now().secrets == (NEW, OLD), "somebody may be writing it just now"
    kept.pass_time(SETTLED_AFTER)
    assert live.now().secrets == (NEW,)


def test_who_hears_nothing_for_long_takes_no_secret_that_was_taken_out_meanwhile(
    kept: Kept,
) -> None:
    live = kept.live()
    kept.write(NEW, ago=0)
    kept.pass_time(86_400)
    assert live.now().secrets == (NEW,)


@pytest.mark.parametrize("length", [0, 6, 10, 45])
def test_a_file_that_is_half_written_takes_no_secret_away_and_is_no_trouble(
    length: int, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    live = kept.live()
    kept.pass_time()
    kept.write(NEW[:length], ago=0.001)
    assert OLD in live.now().secrets
    kept.write(NEW, OLD)
    kept.pass_time()
    assert live.now().secrets == (NEW, OLD)
    assert not caplog.records


def test_a_change_that_a_clock_ahead_of_ours_has_noted_is_one_of_just_now(kept: Kept) -> None:
    live = kept.live()
    kept.pass_time()
    kept.write(NEW, ago=-1.5)
    assert live.now().secrets == (NEW, OLD)


@pytest.mark.parametrize("content", ["", "no secret", "whsec_short", None])
def test_a_file_that_cannot_be_used_leaves_the_secrets_of_before_and_is_told_once(
    content: str | None, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    live = kept.live()
    if content is None:
        kept.path.unlink()
    else:
        kept.write(content)
    for _ in range(5):
        kept.pass_time()
        assert live.now().secrets == (OLD,)

    (said,) = caplog.messages
    assert said.startswith("the secrets of before still count: ")
    assert not content or content not in said


def test_trouble_that_comes_back_is_told_again(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    live = kept.live()
    for content in ("", OLD, ""):
        kept.write(content)
        kept.pass_time()
        assert live.now().secrets == (OLD,)
    assert len(caplog.messages) == 2


def test_a_change_is_told_by_how_many_count(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    live = kept.live()
    kept.write(NEW, OLD)
    kept.pass_time()
    assert live.now().secrets == live.now().secrets == (NEW, OLD)
    assert caplog.messages == ["the webhook secrets have changed: 2 count now"]


def test_each_of_several_sources_is_followed(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    other = signing.new_secret()
    monkeypatch.setenv("OTHER", other)
    live = LiveSecrets(
        [{"file": kept.path}, {"env": "OTHER"}], lambda: kept.now, lambda: kept.steady
    )
    assert live.now().secrets == (OLD, other)
    kept.write(NEW, OLD)
    kept.pass_time()
    assert live.now().secrets == (NEW, OLD, other)


@pytest.mark.parametrize("given", [f"{NEW} {OLD}", [NEW, OLD]])
def test_secrets_that_are_said_stay_as_they_are(given: str | list[str]) -> None:
    live = LiveSecrets(given, lambda: NOW, lambda: 0.0)
    assert live.now().secrets == (NEW, OLD)
    assert NEW not in repr(live.now())


@pytest.mark.timeout(10)
def test_a_pipe_is_read_once_and_keeps_no_notification_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(OLD,), daemon=True)
    writer.start()
    kept = Kept(pipe)
    live = kept.live()
    writer.join()
    kept.pass_time()

    assert live.now().secrets == (OLD,)


def test_a_file_that_is_not_there_at_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"The receiver's secrets: the file .* can't be"):
        LiveSecrets({"file": str(tmp_path / "none")}, lambda: NOW, lambda: 0.0)


def test_what_is_missing_comes_behind_what_was_found() -> None:
    assert with_those_of_before(["c", "b"], ["b", "a"]) == ("c", "b", "a")
