"""The client against servers that speak bytes: what mocks cannot show."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from select import select

import pytest
import requests

from fulfillment_sdk import errors
from fulfillment_sdk.client import Client, Retries
from fulfillment_sdk.models import NewCase, Person
from tests.integration.endpoints import self_signed

CASE = NewCase(
    reporter=Person(fname="Jane Smith"),
    gbv_related=False,
    case_category_id="362484",
    narrative="Told.",
    plan="Refer to legal aid.",
    priority="2",
    status="1",
)


def client(
    port: int,
    *,
    scheme: str = "http",
    timeout: float = 5.0,
    session: requests.Session | None = None,
) -> Client:
    return Client(
        base_url=f"{scheme}://127.0.0.1:{port}",
        token="t0ken",
        timeout=timeout,
        session=session,
        retries=Retries.without_waiting(),
    )


class Silent(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def taken(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    connections = 0

    def get_request(self) -> tuple[socket.socket, object]:
        self.connections += 1
        return super().get_request()


@contextmanager
def serving(handler: type[Silent], kind: type[Server] = Server) -> Iterator[Server]:
    with kind(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def bytes_server(
    answer: bytes, seen: list[bytes], *, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Reads each request, writes `answer`, and hangs up; with `tls` it forgets to encrypt that."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _peer = listener.accept()
                except OSError:
                    return
                with connection, suppress(ssl.SSLError, ConnectionError):
                    if tls is None:
                        seen.append(connection.recv(65536))
                        connection.sendall(answer)
                        continue
                    with (
                        socket.socket(fileno=os.dup(connection.fileno())) as bare,
                        tls.wrap_socket(connection, server_side=True) as encrypted,
                    ):
                        seen.append(encrypted.recv(65536))
                        bare.sendall(answer)
                        bare.shutdown(socket.SHUT_WR)
                        # What is left unread makes a reset, which may overtake the answer.
                        while bare.recv(65536):
                            pass

        threading.Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def test_64_threads_share_one_client_and_get_their_own_answers() -> None:
    class Echo(Silent):
        def do_POST(self) -> None:
            uid = json.loads(self.taken())["src_uid"]
            self.answer(201, json.dumps({"id": uid, "reference_number": uid}).encode())

    with serving(Echo) as server, client(server.server_port) as shared:

        def create(number: int) -> bool:
            return shared.cases.create(CASE, idempotency_key=f"k{number}").id == f"k{number}"

        with ThreadPoolExecutor(64) as pool:
            assert all(pool.map(create, range(1280)))
        assert server.connections <= 64


def test_a_closed_port_is_a_connection_that_failed() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with client(port) as nobody, pytest.raises(errors.ConnectionFailed, match="refused"):
        nobody.cases.create(CASE)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{",
        b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + b"{" * 20,
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_a_creation_whose_answer_is_cut_is_sent_once(answer: bytes) -> None:
    seen: list[bytes] = []
    with (
        bytes_server(answer, seen) as port,
        client(port) as cut,
        pytest.raises(errors.OutcomeUnknown) as raised,
    ):
        cut.cases.create(CASE, idempotency_key="k1")
    assert raised.value.idempotency_key == raised.value.src_uid == "k1"
    assert len(seen) == 1


def test_a_server_that_does_not_answer_in_time_leaves_the_outcome_unknown() -> None:
    released = threading.Event()

    class Slow(Silent):
        def do_POST(self) -> None:
            released.wait(5)

    with serving(Slow) as server, client(server.server_port, timeout=0.1) as hasty:
        with pytest.raises(errors.OutcomeUnknown, match=r"nothing within 0.1 s"):
            hasty.cases.create(CASE)
        released.set()


def test_a_server_without_tls_is_told_from_a_lost_answer() -> None:
    seen: list[bytes] = []
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    with (
        bytes_server(answer, seen) as port,
        client(port, scheme="https") as tls,
        pytest.raises(errors.ConnectionFailed, match="TLS"),
    ):
        tls.cases.create(CASE)
    assert len(seen) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


def tls_server(certificate: tuple[Path, Path], *versions: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    for version in versions:
        context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_answer_that_breaks_tls_comes_after_the_request_all_the_same(
    certificate: tuple[Path, Path], version: ssl.TLSVersion
) -> None:
    seen: list[bytes] = []
    session = requests.Session()
    session.verify, session.trust_env = str(certificate[0]), False
    tls = tls_server(certificate, version)
    with (
        bytes_server(b"HTTP/1.1 201 Created\r\n\r\n", seen, tls=tls) as port,
        client(port, scheme="https", session=session) as cut,
        pytest.raises(errors.OutcomeUnknown) as raised,
    ):
        cut.cases.create(CASE)
    assert "SSL" in raised.value.message
    assert len(seen) == 1


def test_a_certificate_of_nobodys_is_told_at_once_and_nothing_is_sent(
    certificate: tuple[Path, Path],
) -> None:
    seen: list[bytes] = []
    with (
        bytes_server(b"", seen, tls=tls_server(certificate)) as port,
        client(port, scheme="https") as strict,
        pytest.raises(errors.ConnectionFailed, match="certificate"),
    ):
        strict.cases.create(CASE)
    assert seen == []


def through(port: int) -> requests.Session:
    session = requests.Session()
    session.proxies = dict.fromkeys(("http", "https"), f"http://127.0.0.1:{port}")
    return session


def test_what_a_proxy_has_taken_may_have_arrived() -> None:
    seen: list[bytes] = []
    with (
        bytes_server(b"", seen) as port,
        client(80, session=through(port)) as behind,
        pytest.raises(errors.OutcomeUnknown),
    ):
        behind.cases.create(CASE)
    assert [one.split()[0] for one in seen] == [b"POST"]


def test_what_a_proxy_lets_nowhere_never_arrived() -> None:
    seen: list[bytes] = []
    with (
        bytes_server(b"HTTP/1.1 403 Forbidden\r\n\r\n", seen) as port,
        client(443, scheme="https", session=through(port)) as behind,
        pytest.raises(errors.ConnectionFailed, match="No connection"),
    ):
        behind.cases.create(CASE)
    assert [one.split()[0] for one in seen] == [b"CONNECT"] * 4


def test_a_redirect_is_neither_followed_nor_read() -> None:
    asked: list[str] = []

    class Moved(Silent):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.taken()
            self.answer(301, b"", Location="/api/webhook/webform")

        def do_GET(self) -> None:
            asked.append(self.path)
            self.answer(200, b'{"id": "1"}')

    with (
        serving(Moved) as server,
        client(server.server_port) as moved,
        pytest.raises(errors.UnexpectedAnswer),
    ):
        moved.cases.create(CASE)
    assert asked == ["/api/webhook/webform/"]


@pytest.mark.parametrize("target", [None, "report.pdf"])
def test_a_report_that_breaks_off_is_fetched_anew(tmp_path: Path, target: str | None) -> None:
    pdf = b"%PDF-1.7" + bytes(500_000)
    whole = iter([False, True])

    class Breaking(Silent):
        def do_GET(self) -> None:
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "application/pdf")
            self.send_header("Content-Length", str(len(pdf)))
            self.end_headers()
            self.wfile.write(pdf if next(whole) else pdf[:200_000])

    with serving(Breaking) as server, client(server.server_port) as reader:
        if target is None:
            assert reader.cases.download_report("case_1") == pdf
        else:
            path = reader.cases.download_report("case_1", to=tmp_path / target)
            assert path.read_bytes() == pdf
            assert list(tmp_path.iterdir()) == [path]


def test_a_used_connection_is_used_again_after_an_error_answer() -> None:
    class Refusing(Silent):
        def do_POST(self) -> None:
            self.taken()
            self.answer(400, b'{"error": "Missing required field: plan"}')

    def refused(one: Client) -> None:
        with pytest.raises(errors.MissingField):
            one.cases.create(CASE)

    with serving(Refusing) as server, client(server.server_port) as one:
        refused(one)
        refused(one)
        assert server.connections == 1


FORKING = """
import os, sys

from fulfillment_sdk import Client

client = Client(base_url=sys.argv[1], token="t0ken", retries=0, load_entry_points=False)
others = client.with_options(timeout=20.0)


def all_right(who):
    numbers = range(30)
    return all(
        one.cases.get(f"{who}{number}").id == f"{who}{number}"
        for number in numbers
        for one in (client, others)
    )


assert all_right("parent_before")
child = os.fork()
if child == 0:
    os._exit(0 if all_right("child") else 3)
mine = all_right("parent")
print("parent", mine, "child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_parent_and_child_of_a_fork_get_their_own_answers() -> None:
    class Echo(Silent):
        def do_GET(self) -> None:
            case_id = self.path.split("/")[-2]
            self.answer(200, json.dumps({"id": case_id, "status": "new"}).encode())

    with serving(Echo) as server:
        done = subprocess.run(
            [sys.executable, "-c", FORKING, f"http://127.0.0.1:{server.server_port}"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stdout, done.stderr) == ("parent True child 0\n", "")
        assert server.connections == 2


def test_an_answer_behind_an_interim_one_is_taken_by_nobody_else() -> None:
    asked: list[str] = []

    class Early(Silent):
        def do_GET(self) -> None:
            case_id = self.path.split("/")[-2]
            asked.append(case_id)
            if len(asked) == 1:
                self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
                select([self.connection], [], [], 10)  # the next request, or the end
            with suppress(OSError):
                self.answer(200, json.dumps({"id": case_id, "status": "new"}).encode())

    with serving(Early) as server, client(server.server_port) as one:
        once = one.with_options(retries=0)
        with pytest.raises(errors.ConnectionFailed, match="interim"):
            once.cases.get("case_1")
        assert once.cases.get("case_2").id == "case_2"
        assert one.cases.get("case_3").id == "case_3"
