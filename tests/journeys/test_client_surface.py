"""A partner drives everything that the gateway offers through the client alone."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
import requests

from fulfillment_sdk import AttachmentRef, CaseCompleted, Client, errors, signing
from fulfillment_sdk.cli.demo.case import physical_abuse
from fulfillment_sdk.client import Retries

from ._endpoints import Answer, Listener, Received, eventually
from ._server import SECONDS, ServerProcess
from ._staff import Staff

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 1000
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00"
    b":~\x9bU\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND"
    b"\xaeB`\x82"
)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("surface") / "data"
    # An endpoint that refuses is given up at once.
    with ServerProcess(folder, environ={"FULFILLMENT_RETRY_SCHEDULE": "0"}) as server:
        Staff(server).hire()
        yield server


@contextmanager
def partner(server: ServerProcess, name: str) -> Iterator[Client]:
    """A client of an organization of its own."""
    with Client(base_url=server.address) as client:
        client.auth.legacy_token(organization_name=name, organization_email=f"a@{name}.example")
        yield client


def add_photo(server: ServerProcess, case_id: str) -> None:
    answer = requests.post(
        f"{server.address}/portal/api/cases/{case_id}/files/",
        files={"file": ("gate.png", PNG)},
        headers={"Authorization": f"Bearer {server.staff_token}"},
        timeout=SECONDS,
    )
    assert answer.status_code == 201, answer.text


def complete(server: ServerProcess, case_id: str) -> None:
    """Take a new case to its completion, with a photo."""
    staff = Staff(server)
    for status in ("allocated", "in_progress"):
        staff.move(case_id, status)
    add_photo(server, case_id)
    staff.submit(case_id)
    staff.approve(case_id)


def test_a_case_is_attached_to_followed_completed_and_fetched(
    server: ServerProcess, tmp_path: Path
) -> None:
    with partner(server, "whole") as client:
        photo = tmp_path / "the gate; left – ž.jpg"
        photo.write_bytes(JPEG)
        seen: list[tuple[int, int | None]] = []
        stored = client.attachments.upload(
            photo, progress=lambda done, total: seen.append((done, total))
        )
        assert stored.sha256 == hashlib.sha256(JPEG).hexdigest()
        assert (stored.size, stored.content_type) == (len(JPEG), "image/jpeg")
        assert stored.file_name == photo.name
        assert seen[-1] == (len(JPEG), len(JPEG))

        reference = AttachmentRef(attachment_id=stored.attachment_id)
        case = client.cases.create(attrs.evolve(physical_abuse(), attachments_case=[reference]))
        with pytest.raises(errors.NotFound):
            client.cases.download_report(case.id)
        with pytest.raises(errors.Conflict):
            client.cases.reissue_report(case.id)
        complete(server, case.id)

        shown = client.cases.get(case.id)
        assert shown.status == "qc_passed"
        assert [step.status for step in shown.timeline][:2] == ["new", "allocated"]
        assert shown.outcome == "positive"
        assert shown.report is not None
        assert shown.report.expiry > datetime.now(UTC) + timedelta(days=89)
        assert client.cases.reissue_report(case.id).url == shown.report.url
        (listed,) = client.cases.list(reference_number=case.reference_number, status="qc_passed")
        assert (listed.id, listed.status) == (case.id, "qc_passed")

        report = tmp_path / "report.pdf"
        client.cases.download_report(case.id, to=report)
        assert report.read_bytes().startswith(b"%PDF")
        (file,) = shown.files
        there = tmp_path / "gate.png"
        client.cases.download_file(case.id, file.id, to=there, sha256=file.sha256)
        assert there.read_bytes() == PNG
        assert client.cases.download_file(case.id, stored.attachment_id) == JPEG
        with pytest.raises(errors.UnexpectedAnswer, match="SHA-256"):
            client.cases.download_file(case.id, file.id, sha256="0" * 64)

        (completion,) = (
            event
            for event in client.events.iterate(case_id=case.id)
            if isinstance(event, CaseCompleted)
        )
        assert [one.id for one in completion.form_submissions[0].files] == [file.id]
        with pytest.raises(errors.Conflict, match="Illegal status transition") as raised:
            client.cases.cancel(case.id)
        assert "Too late" in raised.value.remedy


def test_a_case_is_looked_up_by_the_partners_own_id_and_cancelled(server: ServerProcess) -> None:
    with partner(server, "cancelling") as client:
        cases = [
            client.cases.create(attrs.evolve(physical_abuse(), src_uid=f"own-{n}"))
            for n in range(3)
        ]
        assert [one.id for one in client.cases.list(page_size=1)] == [one.id for one in cases]
        (found,) = client.cases.list(src_uid="own-1")
        assert (found.id, found.src_uid) == (cases[1].id, "own-1")
        assert list(client.cases.list(src_uid="own-9")) == []
        cancelled = client.cases.cancel(found.id)
        assert (cancelled.status, cancelled.timeline[-1].reason) == ("cancelled", "cancelled")
        assert client.cases.cancel(found.id).status == "cancelled"
        with pytest.raises(errors.NotFound):
            client.cases.get("case_of_nobody")
        with pytest.raises(errors.InvalidField) as raised:
            list(client.cases.list(status="nonsense"))
        assert raised.value.field == "status"


def test_the_events_are_paged_and_gone_on_with_after_any_of_them(server: ServerProcess) -> None:
    with partner(server, "events") as client:
        made = [client.cases.create(physical_abuse()) for _ in range(3)]
        for one in made:
            client.cases.cancel(one.id)
        eventually(lambda: len(list(client.events.iterate())) == 6)
        everything = [event.id for event in client.events.iterate(page_size=2)]
        assert len(set(everything)) == 6
        stream = client.events.iterate(page_size=4)
        for count, event in enumerate(stream, 1):
            assert event.id == everything[count - 1]
            rest = client.events.iterate(after=stream.cursor, page_size=2)
            assert [one.id for one in rest] == everything[count:]
        assert client.events.page(after=stream.cursor).items == ()
        of_one = list(client.events.iterate(case_id=made[0].id, page_size=1))
        assert [one.new_status for one in of_one] == ["new", "cancelled"]
        with pytest.raises(errors.InvalidField) as raised:
            client.events.page(after="f_1_1")
        assert raised.value.field == "after"
        assert "begin again without it" in raised.value.remedy


def test_an_event_is_there_as_soon_as_it_happens(server: ServerProcess) -> None:
    with partner(server, "waiting") as client:
        stream = client.events.iterate(wait=20)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(next, stream)
            hasty = client.with_options(timeout=1.0)
            case = hasty.cases.create(physical_abuse())
            assert first.result(SECONDS).case_id == case.id
        assert next(hasty.events.iterate(wait=25), None) is not None


@attrs.define
class Endpoint:
    """Answers what it is told to, and refuses until then."""

    status: int = 500
    secrets: list[str] = attrs.field(factory=list)

    def __call__(self, request: Received) -> Answer:
        return self.status, {}, b""


def test_a_subscription_is_changed_tried_out_rotated_and_recovered(server: ServerProcess) -> None:
    endpoint = Endpoint()
    listener = Listener(endpoint)
    with partner(server, "subscribed") as client, listener.listening():
        made = client.subscriptions.create(
            url=f"{listener.address}/hook", events=["case.completd"], statuses=["new"]
        )
        assert len(made.warnings) == 1
        changed = client.subscriptions.update(made.id, events=[], description="case desk")
        assert (changed.events, changed.statuses) == ((), ("new",))
        assert client.subscriptions.get(made.id).description == "case desk"

        # It refuses, and what was given up is sent again, first one and then all.
        case = client.cases.create(physical_abuse())
        listener.wait(case.id, 1)
        eventually(lambda: bool(list(client.subscriptions.deliveries(made.id, state="dead"))))
        (dead,) = client.subscriptions.deliveries(made.id, state="dead", since=LONG_AGO)
        assert (dead.case_id, dead.attempts[0].outcome) == (case.id, "dead")
        assert dead.attempts[0].seconds is not None
        client.subscriptions.replay(dead.id)
        listener.wait(case.id, 2)
        eventually(lambda: bool(list(client.subscriptions.deliveries(made.id, state="dead"))))
        endpoint.status = 204
        assert client.subscriptions.recover(made.id, since=LONG_AGO) == 1
        listener.wait(case.id, 3)
        eventually(lambda: bool(list(client.subscriptions.deliveries(made.id, state="delivered"))))
        assert client.subscriptions.recover(made.id, since=LONG_AGO) == 0
        assert client.subscriptions.recover(made.id, since=LONG_AGO, everything=True) == 1
        listener.wait(case.id, 4)

        # Both secrets sign, and the one that is told is the new one.
        rotated = client.subscriptions.rotate_secret(made.id)
        assert made.secret
        assert rotated.secret != made.secret
        assert rotated.old_secret_expiry is not None
        event_id = client.subscriptions.test(made.id)
        (test,) = listener.wait(event_id, 1)
        now = float(test.headers["webhook-timestamp"])
        for secret in (made.secret, rotated.secret):
            signing.verify(test.headers, test.body, secrets=[secret], now=now)
        own = signing.new_secret()
        assert client.subscriptions.rotate_secret(made.id, secret=own).secret == own

        assert client.subscriptions.update(made.id, enabled=False).disabled_why
        with pytest.raises(errors.Conflict) as raised:
            client.subscriptions.test(made.id)
        assert "enabled=True" in raised.value.remedy
        client.subscriptions.delete(made.id)
        with pytest.raises(errors.NotFound):
            client.subscriptions.get(made.id)


def test_a_token_that_is_revoked_is_gone_from_the_client_too(server: ServerProcess) -> None:
    with partner(server, "leaving") as client:
        with Client(base_url=server.address) as other:
            other.auth.legacy_token(
                organization_name="leaving", organization_email="a@leaving.example"
            )
            list(other.cases.list())
            assert client.auth.revoke().message == "Token revoked"
            list(other.cases.list())
        with pytest.raises(errors.Unauthorized, match="has no token"):
            client.cases.get("case_1")


def test_an_address_is_let_in_and_shut_out_with_its_tokens(server: ServerProcess) -> None:
    with partner(server, "addresses") as client, Client(base_url=server.address) as other:
        colleague = client.emails.add("b@addresses.example")
        assert client.emails.add("b@addresses.example").id == colleague.id
        assert [one.role for one in client.emails.list(page_size=1)] == ["owner", "member"]
        other.auth.legacy_token(
            organization_name="addresses", organization_email="b@addresses.example"
        )
        with pytest.raises(errors.Forbidden) as raised:
            list(other.emails.list())
        assert "first address" in raised.value.remedy
        client.emails.remove(colleague.id)
        with pytest.raises(errors.Unauthorized):
            list(other.cases.list())
        (owner,) = client.emails.list()
        with pytest.raises(errors.Conflict):
            client.emails.remove(owner.id)


def pour(descriptor: int) -> None:
    with os.fdopen(descriptor, "wb") as end:
        end.write(JPEG)


@pytest.mark.parametrize("kind", ["path", "bytes", "file", "pipe"])
def test_a_file_comes_from_anywhere(server: ServerProcess, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "gate.jpg"
    path.write_bytes(JPEG)
    with partner(server, "files") as client:
        if kind == "path":
            stored = client.attachments.upload(str(path))
        elif kind == "bytes":
            stored = client.attachments.upload(JPEG, file_name="gate.jpg")
        elif kind == "file":
            stored = client.attachments.upload(io.BytesIO(JPEG))
        else:
            reading, writing = os.pipe()
            with ThreadPoolExecutor(1) as pool, os.fdopen(reading, "rb") as pipe:
                pool.submit(pour, writing)
                stored = client.attachments.upload(pipe)
    assert (stored.sha256, stored.size) == (hashlib.sha256(JPEG).hexdigest(), len(JPEG))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x7fELF" + bytes(100), errors.UnsupportedMediaType),
        (b"", errors.InvalidField),
        (JPEG[:20] + bytes(10 * 1024 * 1024), errors.TooLarge),
        (JPEG[:20] + bytes(11 * 1024 * 1024), errors.TooLarge),
    ],
    ids=["type", "empty", "a little too large", "too large"],
)
def test_a_file_that_is_not_taken_is_told_why(
    server: ServerProcess, content: bytes, kind: type[errors.APIError]
) -> None:
    with partner(server, "files") as client, pytest.raises(kind):
        client.attachments.upload(content)


THREADS = 64


def sockets_to(port: int) -> int:
    """How many of this process's connections lead to a port of this machine."""
    mine = {
        link.readlink().name
        for link in Path("/proc/self/fd").iterdir()
        if link.is_symlink() and str(link.readlink()).startswith("socket:")
    }
    rows = (line.split() for line in Path("/proc/self/net/tcp").read_text("ascii").splitlines()[1:])
    return sum(row[2].endswith(f":{port:04X}") and f"socket:[{row[9]}]" in mine for row in rows)


def test_64_threads_share_one_client_and_lose_nothing(
    server: ServerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with partner(server, "threads") as client:
        # Whatever gets lost is seen: nothing is repeated.
        once = client.with_options(retries=Retries.off())
        together = threading.Barrier(THREADS)

        def work(number: int) -> tuple[str, str]:
            together.wait(SECONDS)
            content = JPEG[:4000] + str(number).encode()
            stored = once.attachments.upload(content, file_name=f"{number}.jpg")
            assert stored.sha256 == hashlib.sha256(content).hexdigest()
            reference = AttachmentRef(attachment_id=stored.attachment_id)
            case = once.cases.create(
                attrs.evolve(
                    physical_abuse(), src_uid=f"thread-{number}", attachments_case=[reference]
                )
            )
            assert once.cases.get(case.id).src_uid == f"thread-{number}"
            assert once.cases.download_file(case.id, stored.attachment_id) == content
            (found,) = once.cases.list(src_uid=f"thread-{number}")
            assert found.id == case.id
            return case.id, stored.attachment_id

        with ThreadPoolExecutor(THREADS) as pool:
            made = list(pool.map(work, range(THREADS)))
        assert len({case for case, _ in made}) == len({file for _, file in made}) == THREADS
        assert 1 <= sockets_to(server.port) <= THREADS
    assert sockets_to(server.port) == 0
    assert [one for one in caplog.records if one.name.startswith("urllib3")] == []
