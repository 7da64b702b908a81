"""The token of one call while it runs."""

from __future__ import annotations

from typing import Final

import attrs

from fulfillment_sdk.client.calls.call import Answer, Call, KnownWords
from fulfillment_sdk.client.tokens.bearer import Bearer, Held
from fulfillment_sdk.client.tokens.expiry import ended, server_time
from fulfillment_sdk.errors import APIError, TokenExpired, Unauthorized
from fulfillment_sdk.times import format_seconds

NO_TOKEN: Final = (
    "The client has no token: give token= or tokens=, or set FULFILLMENT_TOKEN for "  # noqa: S105
    "Client.from_env(). Obtain a new token through the verification process."
)
# The contract's words for a token that has ended are those for any bad one: its own end decides.
ENDED: Final = KnownWords(401, "", TokenExpired)


class Carried:
    """What a call carries: the client's token as it is now, or the call's own.

    It stays the same over all tries: with that of another organization it would be another call.
    """

    def __init__(self, call: Call[object], bearer: Bearer) -> None:
        self._call = call
        self._bearer = bearer
        self._held: Held | None = None
        if call.bearer:
            self._held = Held.of(call.token) or bearer.current()
        self._renewed = False

    @property
    def headers(self) -> dict[str, str]:
        """The header that shows the token, if there is one."""
        return {} if self._held is None else {"Authorization": f"Bearer {self._held.token}"}

    def check(self, now: float) -> None:
        """Look before a try: warns of a near end, raises TokenExpired past it."""
        if self._held is None:
            return
        if ended(self._held.ends, now):
            raise TokenExpired(
                f"The token ended at {format_seconds(self._held.ends)}, by this machine's clock",
                status=401,
                expired_at=self._held.expires_at,
            )
        self._bearer.watch(self._held, now)

    def judge(self, answer: Answer, now: float) -> Call[object]:
        """The call as a refusal is to be read: one of a token that has ended says so.

        The server's own clock counts too: ours may be behind.
        """
        now = max(now, server_time(answer.headers.get("date")))
        if self._held is None or not ended(self._held.ends, now):
            return self._call
        return attrs.evolve(self._call, known=(ENDED, *self._call.known))

    def explain(self, error: APIError) -> None:
        """Add to a refusal what is known of the token."""
        if self._held is None:
            if self._call.bearer and isinstance(error, Unauthorized):
                error.cause, error.remedy = "", NO_TOKEN
        elif isinstance(error, TokenExpired):
            error.expired_at = self._held.expires_at

    def renew(self, error: BaseException) -> bool:
        """Go on, once, with what has taken the place of a refused token, if anything has."""
        if self._renewed or self._held is None or not isinstance(error, Unauthorized):
            return False
        if self._call.token is not None or (found := self._bearer.renewal(self._held)) is None:
            return False
        self._held, self._renewed = found, True
        return True
