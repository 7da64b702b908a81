"""Fixtures for the tests of partners; see `docs/testing.md`.

pytest loads this module wherever the SDK is installed (entry point `pytest11`). It imports nothing
else, and no fixture is used unless a test asks for it. Those whose names begin with `fulfillment_`
and that return what others go by are there to be overridden in a `conftest.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fulfillment_sdk.models import CreatedCase
    from fulfillment_sdk.server.local_server import LocalServer
    from fulfillment_sdk.testing.partner.application import OwnReceiver
    from fulfillment_sdk.testing.partner.arrivals import Received
    from fulfillment_sdk.testing.partner.faults import Faults
    from fulfillment_sdk.testing.partner.link import Link
    from fulfillment_sdk.testing.partner.server import PartnerServer


# -- to be overridden -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def fulfillment_server_settings() -> Mapping[str, str]:
    """Settings of the server (`FULFILLMENT_…`), beside those that suit tests."""
    return {}


@pytest.fixture
def fulfillment_plugins() -> Iterable[object]:
    """The partner's plugins, for the receiver."""
    return ()


@pytest.fixture
def fulfillment_receiver_options() -> Mapping[str, Any]:
    """Further arguments of `Receiver`, such as `sinks`."""
    return {}


@pytest.fixture
def fulfillment_endpoint() -> str | None:
    """The address of an application of the partner's own, which then takes the receiver's place."""
    return None


@pytest.fixture
def fulfillment_secret() -> str:
    """The secret that notifications are signed with, for such an application."""
    from fulfillment_sdk import signing

    return signing.new_secret()


# -- to be used -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _fulfillment_process(
    tmp_path_factory: pytest.TempPathFactory, fulfillment_server_settings: Mapping[str, str]
) -> Iterator[LocalServer]:
    from fulfillment_sdk.testing.partner.server import running

    with running(tmp_path_factory.mktemp("fulfillment"), fulfillment_server_settings) as server:
        yield server


@pytest.fixture
def fulfillment_server(_fulfillment_process: LocalServer) -> Iterator[PartnerServer]:
    """A real server, one for the whole session, with an organization of this test's own."""
    from fulfillment_sdk.testing.partner.server import joined

    with joined(_fulfillment_process) as server:
        yield server


@pytest.fixture
def make_case(fulfillment_server: PartnerServer) -> Callable[..., CreatedCase]:
    """Files a case: `make_case()`, or with fields of `NewCase`."""
    return fulfillment_server.make_case


@pytest.fixture
def drive(fulfillment_server: PartnerServer) -> Callable[..., tuple[str, ...]]:
    """Takes a case along a path: `drive(case, "happy")`, `drive(case, "rework", until=…)`."""
    return fulfillment_server.office.drive


@pytest.fixture
def _fulfillment_link(
    fulfillment_server: PartnerServer,
    fulfillment_plugins: Iterable[object],
    fulfillment_receiver_options: Mapping[str, Any],
    fulfillment_endpoint: str | None,
    fulfillment_secret: str,
    tmp_path: Path,
) -> Iterator[Link]:
    from fulfillment_sdk.testing.partner.application import Elsewhere, OwnReceiver
    from fulfillment_sdk.testing.partner.link import connected

    end = (
        OwnReceiver(tmp_path / "receiver", fulfillment_plugins, fulfillment_receiver_options)
        if fulfillment_endpoint is None
        else Elsewhere(fulfillment_endpoint)
    )
    with connected(fulfillment_server, end, secret=fulfillment_secret) as link:
        yield link


@pytest.fixture
def received(_fulfillment_link: Link) -> Received:
    """What the partner got: notifications come from now on."""
    return _fulfillment_link.received


@pytest.fixture
def faults(_fulfillment_link: Link) -> Iterator[Faults]:
    """What is to go wrong between the gateway and the partner; all of it has to happen."""
    faults = _fulfillment_link.faults
    yield faults
    if left := faults.still_to_come():
        pytest.fail(
            f"No notification came to which it could happen: {', '.join(left)}. Drive the case as "
            "far, wait for it with `received`, or take it back with `faults.clear()`.",
            pytrace=False,
        )


@pytest.fixture
def fulfillment_receiver(_fulfillment_link: Link) -> OwnReceiver:
    """The receiver in this process: `.receiver`, `.stop()`, `.start(*secrets)`."""
    from fulfillment_sdk.testing.partner.application import OwnReceiver

    if not isinstance(_fulfillment_link.end, OwnReceiver):
        pytest.fail("fulfillment_endpoint has taken the receiver's place", pytrace=False)
    return _fulfillment_link.end
