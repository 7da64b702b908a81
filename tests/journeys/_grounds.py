"""The two gateways that a partner may meet: the fake of the deployed one, and ours for real."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import ClassVar

from fulfillment_sdk import errors, signing
from tests.fakes.deployed_gateway import Behaviour, DeployedGateway, serving
from tests.ports import free_port

from ._line import Line
from ._raw import Partner
from ._server import ServerProcess
from ._staff import Staff

Kind = type[errors.FulfillmentError]


class Ground(ABC):
    """A gateway, the line to it, and what can be known of it from behind.

    `idempotent` says whether it knows a key again; `writings` how many requests the first case of
    a session takes; `not_made` what a create comes to while nothing behind the gateway makes cases;
    `worn_out` what the sixth wrong code comes to.
    """

    idempotent: ClassVar[bool]
    writings: ClassVar[int]
    not_made: ClassVar[Kind]
    worn_out: ClassVar[Kind]

    def __init__(self) -> None:
        self.line = Line(lambda: self.gateway_address)

    @property
    @abstractmethod
    def gateway_address(self) -> str:
        """Where the gateway itself is."""

    @abstractmethod
    def code(self, email: str) -> str:
        """The code in the newest mail to an address."""

    @abstractmethod
    def cases(self) -> list[dict[str, object]]:
        """What the gateway was given of every case that it holds, the oldest first."""

    @abstractmethod
    def deactivate(self, organization_id: str) -> None:
        """End an organization's access."""

    @abstractmethod
    def without_casework(self) -> AbstractContextManager[None]:
        """Have nothing behind the gateway make cases for as long as the block runs."""


class Deployed(Ground):
    """The fake of the gateway that is deployed, with its CMS."""

    idempotent = False
    writings = 2
    not_made = errors.CaseNotForwarded
    worn_out = errors.WrongCode

    def __init__(self, gateway: DeployedGateway, address: str) -> None:
        super().__init__()
        self._gateway = gateway
        self._address = address
        self._caseless: set[str] = set()

    @property
    def gateway_address(self) -> str:
        return self._address

    def code(self, email: str) -> str:
        return self._gateway.mail.code_for(email)

    def cases(self) -> list[dict[str, object]]:
        complaints = self._gateway.complaints
        return [dict(one.data) for one in complaints if one.id not in self._caseless]

    def deactivate(self, organization_id: str) -> None:
        self._gateway.organizations.deactivate(organization_id)

    @contextmanager
    def without_casework(self) -> Iterator[None]:
        self._gateway.upstream.behaviour = Behaviour.EMPTY_CASES
        stored = len(self._gateway.complaints)
        try:
            yield
        finally:
            self._gateway.upstream.behaviour = Behaviour.CREATES
            self._caseless |= {one.id for one in self._gateway.complaints[stored:]}


class Reference(Ground):
    """Gateway and portal of `fulfillment serve`, a process each."""

    idempotent = True
    writings = 1
    not_made = errors.Unavailable
    worn_out = errors.TooManyAttempts

    def __init__(self, gateway: ServerProcess, portal: ServerProcess) -> None:
        super().__init__()
        self._gateway = gateway
        self._portal = portal
        self._partner = Partner(gateway)

    @property
    def gateway_address(self) -> str:
        return self._gateway.address

    def code(self, email: str) -> str:
        return self._partner.code(email)

    def cases(self) -> list[dict[str, object]]:
        staff = Staff(self._portal)
        listed = staff.get("cases/?limit=200")["items"]
        assert isinstance(listed, list)
        found = [staff.get(f"cases/{one['id']}/")["request"] for one in reversed(listed)]
        return [dict(one) for one in found if isinstance(one, dict)]

    def deactivate(self, organization_id: str) -> None:
        self._partner.act(organization_id, "deactivate")

    @contextmanager
    def without_casework(self) -> Iterator[None]:
        self._portal.stop()
        try:
            yield
        finally:
            self._portal.start()

    def close(self) -> None:
        """Close the connections that were opened for looking behind."""
        self._partner.close()


@contextmanager
def deployed(_folder: Path) -> Iterator[Ground]:
    """Run the fake of the deployed gateway."""
    gateway = DeployedGateway()
    with serving(gateway) as address:
        ground = Deployed(gateway, address)
        with ground.line.open():
            yield ground


@contextmanager
def reference(folder: Path) -> Iterator[Ground]:
    """Run the reference server as two processes."""
    ports = {"portal": free_port(), "gateway": free_port()}
    shared = {
        "FULFILLMENT_INTAKE_TOKEN": "intake-token-of-both",
        "FULFILLMENT_NOTIFY_SECRETS": signing.new_secret(),
        "FULFILLMENT_PORTAL_URL": f"http://127.0.0.1:{ports['portal']}",
        "FULFILLMENT_GATEWAY_URL": f"http://127.0.0.1:{ports['gateway']}",
        "FULFILLMENT_CODE_LIMITS": "1000,1000",
    }
    portal, gateway = (
        ServerProcess(folder / role, flags=["--dev", "--role", role], port=port, environ=shared)
        for role, port in ports.items()
    )
    with portal, gateway:
        ground = Reference(gateway, portal)
        with ground.line.open():
            yield ground
        ground.close()
