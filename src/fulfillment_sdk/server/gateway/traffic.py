"""How much anybody may ask of the gateway, known or not (contract, section 2: 429)."""

from __future__ import annotations

from typing import Final

from attrs import frozen
from starlette.requests import Request

from fulfillment_sdk.server.windows import Windows, caller

MINUTE: Final = 60.0
STRANGERS: Final = 300
"""Calls a minute that one address may make without a token."""
FAILURES: Final = 60
"""Tokens that don't count, a minute and address, until even the refusal is a 429."""


@frozen
class Traffic:
    """The windows of one gateway process; what they count is one minute's.

    ``calls`` are those of an organisation from one address, ``strangers`` and ``failures`` are an
    address's: calls that need no token, and tokens that were refused.
    """

    calls: Windows
    strangers: Windows
    failures: Windows

    @classmethod
    def of(cls, call_rate: int, *, dev: bool) -> Traffic:
        """Return windows for ``call_rate`` calls a minute; with ``--dev`` nobody is a stranger."""
        return cls(
            Windows(call_rate, seconds=MINUTE),
            Windows(max(call_rate, STRANGERS) if dev else STRANGERS, seconds=MINUTE),
            Windows(max(call_rate, FAILURES) if dev else FAILURES, seconds=MINUTE),
        )

    def call(self, owner: str, request: Request, now: float) -> int | None:
        """Count a call that ``owner`` makes; returns the seconds to wait where it is too many."""
        return self.calls.wait((owner, caller(request)), now)

    def stranger(self, request: Request, now: float) -> int | None:
        """Count a call that anybody may make; returns the seconds to wait likewise."""
        return self.strangers.wait(caller(request), now)

    def failure(self, request: Request, now: float) -> int | None:
        """Count a token that was refused; returns the seconds to wait likewise.

        It is asked after the token was looked at: many bad ones from an address that a good one
        shares (a proxy, a partner's other machine) are no reason to refuse the good one.
        """
        return self.failures.wait(caller(request), now)
