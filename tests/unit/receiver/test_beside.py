"""The receiver beside a partner's own application, under WSGI and ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.receiver.asgi import Message, Receive, Send
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import Inbox, MakeReceiver, signed
from tests.unit.receiver.test_asgi import talk
from tests.unit.receiver.test_wsgi import call, environ_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BODY = status_changed()
AT = "/fulfillment/"
OURS = ["/fulfillment/", "/fulfillment"]
OTHERS = ["/", "", "/fulfillmentx", "/fulfillment/more", "/more/fulfillment/", "/Fulfillment/"]


def own_wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"own"]


async def own_asgi(scope: Message, receive: Receive, send: Send) -> None:
    await send({"type": f"own.{scope['type']}"})


@pytest.mark.parametrize("path", OURS)
def test_under_wsgi_the_path_is_the_receivers(make_receiver: MakeReceiver, path: str) -> None:
    inbox = Inbox()
    app = make_receiver(inbox).wsgi(own_wsgi, at=AT)

    status, _, body = call(app, {**environ_of(), "PATH_INFO": path})

    assert (status[:3], body) == ("202", b'{"status":"stored"}')
    assert inbox.take().id == "evt_1"


@pytest.mark.parametrize("path", OTHERS)
def test_under_wsgi_other_paths_are_not(make_receiver: MakeReceiver, path: str) -> None:
    app = make_receiver(Inbox()).wsgi(own_wsgi, at=AT)

    assert call(app, {**environ_of(), "PATH_INFO": path})[2] == b"own"


def scope_of(path: str, root: str = "", kind: str = "http") -> dict[str, Any]:
    pairs = [(name.lower().encode(), value.encode()) for name, value in signed(BODY).items()]
    return {"type": kind, "method": "POST", "path": path, "root_path": root, "headers": pairs}


@pytest.mark.parametrize(
    ("path", "root"),
    [(path, "") for path in OURS] + [("/app/fulfillment/", "/app"), ("/fulfillment/", "/app")],
)
async def test_under_asgi_the_path_is_the_receivers(
    make_receiver: MakeReceiver, path: str, root: str
) -> None:
    app = make_receiver(Inbox()).asgi(own_asgi, at=AT)

    said = await talk(app, scope_of(path, root), [{"type": "http.request", "body": BODY}])

    assert said[0]["status"] == 202


@pytest.mark.parametrize(
    ("path", "root", "kind"),
    [(path, "", "http") for path in OTHERS]
    + [("/application/fulfillment/", "/app", "http"), (AT, "", "websocket"), (AT, "", "odd")],
)
async def test_under_asgi_other_paths_and_what_is_no_request_are_not(
    make_receiver: MakeReceiver, path: str, root: str, kind: str
) -> None:
    app = make_receiver(Inbox()).asgi(own_asgi, at=AT)

    assert await talk(app, scope_of(path, root, kind), []) == [{"type": f"own.{kind}"}]


@pytest.mark.parametrize("at", ["", "fulfillment", "/a b", "/a?b", "/ä", "/%41", None])
def test_what_is_no_path_is_refused(make_receiver: MakeReceiver, at: Any) -> None:
    with pytest.raises(ConfigurationError, match='at="/fulfillment/"'):
        make_receiver().wsgi(own_wsgi, at=at)
    with pytest.raises(ConfigurationError, match='at="/fulfillment/"'):
        make_receiver().asgi(own_asgi, at=at)


# -- the lifespan --------------------------------------------------------------------------------

STARTUP: Message = {"type": "lifespan.startup"}
SHUTDOWN: Message = {"type": "lifespan.shutdown"}
COMPLETE = ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def live(
    receiver: Receiver, own: Callable[[Message, Receive, Send], Awaitable[None]]
) -> list[str]:
    """Run a lifespan as a server does; return what the server is told."""
    said = await talk(receiver.asgi(own, at=AT), {"type": "lifespan"}, [STARTUP, SHUTDOWN])
    return [str(message["type"]) for message in said]


async def test_the_receiver_runs_within_the_applications_lifespan(
    make_receiver: MakeReceiver,
) -> None:
    receiver = make_receiver(Inbox())
    dispatching: list[bool] = []

    def look() -> None:
        process = receiver._process
        dispatching.append(process.relay is not None and process.relay.is_dispatching)

    async def own(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        look()
        await send({"type": COMPLETE[0]})
        look()
        await receive()
        look()
        await send({"type": COMPLETE[1]})

    assert await live(receiver, own) == COMPLETE
    assert dispatching == [False, True, False]


async def like_django(scope: Message, receive: Receive, send: Send) -> None:
    raise ValueError(f"no {scope['type']} here")


async def late_to_notice(scope: Message, receive: Receive, send: Send) -> None:
    await receive()
    raise ValueError


async def silent(scope: Message, receive: Receive, send: Send) -> None:
    return


@pytest.mark.parametrize("own", [like_django, late_to_notice, silent])
async def test_beside_an_application_without_a_lifespan_it_has_the_servers(
    make_receiver: MakeReceiver, own: Callable[[Message, Receive, Send], Awaitable[None]]
) -> None:
    assert await live(make_receiver(Inbox()), own) == COMPLETE


async def test_an_application_that_does_not_start_is_not_started_over(
    make_receiver: MakeReceiver,
) -> None:
    async def failing(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed"})

    async def breaking(scope: Message, receive: Receive, send: Send) -> None:
        await failing(scope, receive, send)
        raise LookupError

    receiver = make_receiver(Inbox())

    assert await live(receiver, failing) == ["lifespan.startup.failed"]
    with pytest.raises(LookupError):
        await live(receiver, breaking)
    assert receiver._process.relay is None


async def test_an_application_that_breaks_after_its_start_takes_the_receiver_along(
    make_receiver: MakeReceiver,
) -> None:
    async def breaking(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": COMPLETE[0]})
        raise LookupError

    receiver = make_receiver(Inbox())
    with pytest.raises(LookupError):
        await live(receiver, breaking)
    assert receiver._process.relay is None


async def test_an_application_that_waits_for_no_end_leaves_the_receiver_running_until_then(
    make_receiver: MakeReceiver,
) -> None:
    async def brief(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": COMPLETE[0]})

    receiver = make_receiver(Inbox())
    assert await live(receiver, brief) == COMPLETE
    assert receiver._process.relay is None


async def test_a_receiver_that_cannot_start_ends_the_server_with_the_cause(tmp_path: Path) -> None:
    async def own(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": COMPLETE[0]})

    (tmp_path / "storage-keys").write_text("no keys")
    (tmp_path / "storage-keys").chmod(0o600)
    receiver = Receiver("whsec_" + "A" * 32, tmp_path, load_entry_points=False)

    assert await live(receiver, own) == ["lifespan.startup.failed"]
    await asyncio.to_thread(receiver.stop)
