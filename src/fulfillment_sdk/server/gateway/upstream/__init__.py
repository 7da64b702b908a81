"""The gateway's calls to the portal: one pool of connections, and what goes over it.

Contract, section 4, "Inner hops". ``PortalClient`` is the pool; its ``calls`` are answered with
JSON, its ``streams`` with bytes that nobody holds as a whole.
"""

from __future__ import annotations

from fulfillment_sdk.server.gateway.upstream.client import PortalClient
from fulfillment_sdk.server.gateway.upstream.intake import IntakeAnswer, read_intake_answer

__all__ = ["IntakeAnswer", "PortalClient", "read_intake_answer"]
