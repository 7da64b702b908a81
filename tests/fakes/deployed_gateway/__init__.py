"""The gateway that is deployed behind the Helpline CMS web form API, as far as it was recorded.

It differs from its own documents (contract, section 6). What it answers follows rules that were
read off the recorded exchanges in ``tests/samples/dialects/deployed-gateway/``, so that any body
works; every recorded exchange is replayed against it. Where no exchange shows a thing, the code
says so. They were recorded over loopback, debug mode off, from the public source
``openchlsystem/openchscfc`` (folder ``cfcbe``, of 2026-01-05).

In a test::

    gateway = DeployedGateway()
    with serving(gateway) as base_url:
        ...

The same server on its own: ``python -m tests.fakes.deployed_gateway``.
"""

from __future__ import annotations

from tests.fakes.deployed_gateway.cases import Complaint
from tests.fakes.deployed_gateway.gateway import DeployedGateway
from tests.fakes.deployed_gateway.organizations import Organization
from tests.fakes.deployed_gateway.server import serving
from tests.fakes.deployed_gateway.upstream import OPEN, Behaviour, CaseRow
from tests.fakes.deployed_gateway.wire import Request

__all__ = [
    "OPEN",
    "Behaviour",
    "CaseRow",
    "Complaint",
    "DeployedGateway",
    "Organization",
    "Request",
    "serving",
]
