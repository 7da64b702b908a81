"""One call over all its tries: what goes out, what an answer means, what the caller gets.

Nothing here sends or waits, so that any shell can run it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

import attrs

from fulfillment_sdk._version import __version__
from fulfillment_sdk.client.calls.answers import succeeded
from fulfillment_sdk.client.calls.call import Answer, Call
from fulfillment_sdk.client.exchange.facts import Facts
from fulfillment_sdk.client.exchange.intake import Intake
from fulfillment_sdk.client.exchange.request import Request
from fulfillment_sdk.client.exchange.retry import (
    Failure,
    Licence,
    NoAnswer,
    Retries,
    Step,
    failure,
    licence,
    step,
)
from fulfillment_sdk.client.exchange.verdict import Ending
from fulfillment_sdk.client.tokens.bearer import Bearer
from fulfillment_sdk.client.tokens.carried import Carried
from fulfillment_sdk.errors import (
    APIError,
    FulfillmentError,
    NotFound,
    NotOffered,
    SentRequest,
)

T = TypeVar("T")

LARGEST_ANSWER: Final = 16 * 1024 * 1024
_FINAL: Final = 200
USER_AGENT: Final = f"fulfillment-sdk/{__version__}"

logger = logging.getLogger("fulfillment_sdk.client")


class Exchange(Generic[T]):
    """The state of one call while it runs."""

    def __init__(
        self,
        call: Call[T],
        facts: Facts,
        retries: Retries,
        *,
        origin: str,
        bearer: Bearer,
        timeout: float,
        now: Callable[[], float],
    ) -> None:
        self.call = call
        self._facts = facts
        self._retries = retries
        self._origin = origin
        self._token = Carried(call, bearer)
        self._timeout = timeout + call.patience
        self._now = now
        self._started = retries.clock()
        self._deadline = retries.budget(timeout=timeout, patience=call.patience)
        self._tries = 0
        self._number = 0
        self._paused = 0.0
        self._headers: dict[str, str] = {}
        self._unsure = False
        self._other_body: bytes | None = None
        if call.dialect is not None and call.dialect.name in facts.dialects:
            self._other_body = call.dialect.write()

    def request(self) -> Request:
        """The next request; the time for its answer is cut to what is left of the deadline.

        Raises TokenExpired, and nothing is sent, where it would carry a token that has ended.
        """
        call = self.call
        if not self._unsure:  # else the server has to say what came of the earlier try
            self._token.check(self._now())
        self._tries += 1
        self._number += 1
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **call.headers}
        body = call.body if self._other_body is None else self._other_body
        if body is not None:
            headers["Content-Type"] = "application/json"
        if call.upload is not None:
            headers["Content-Type"] = call.upload.content_type
        headers |= self._token.headers
        self._headers = headers
        left = self._deadline - self._spent()
        timeout = max(0.001, min(self._timeout, left))
        return Request(
            call.method, call.path, headers, body, timeout, call.upload, number=self._number
        )

    def intake(self, status: int, headers: Mapping[str, str]) -> Intake:
        """What the body of the answer that begins so goes into; `receive` its `finish()`.

        Raises NoAnswer for an interim answer (1xx): the one proper may still come, so the
        connection must be closed unread, or somebody else would take that one for theirs.
        """
        if status < _FINAL:
            raise NoAnswer(f"nothing but an interim answer ({status})", sent=True)
        lower = {name.lower(): value for name, value in headers.items()}
        url = self._origin + self.call.path
        head = Answer(self.call.method, url, status, lower)
        return Intake(head, self.call.sink, limit=LARGEST_ANSWER)

    def receive(self, answer: Answer) -> T:
        """The result that an answer holds, or the error that it means."""
        self._facts.hear(answer)
        if succeeded(answer):
            return self.call.read(answer)
        from fulfillment_sdk.client.exchange.refusals import refusal

        now = self._now()
        error = refusal(self._token.judge(answer, now), answer, now=now)
        self._token.explain(error)
        if self._unsure and self._proves_it(error):
            # An earlier try, whose answer was lost, has done it.
            return self.call.read(attrs.evolve(answer, status=204, body=b""))
        raise error

    def again(self, error: BaseException) -> float | None:
        """The pause before the next try in seconds, None if there is none."""
        if not isinstance(error, NoAnswer | APIError):
            return None
        if self._switch_dialect(error) or (self._can_begin() and self._token.renew(error)):
            return 0.0
        what = failure(error)
        self._unsure = self._unsure or what in {Failure.LOST, Failure.BROKEN}
        if step(what, self._licence()) is not Step.AGAIN:
            return None
        if not self._can_begin():
            return None
        asked = error.retry_after if isinstance(error, APIError) else None
        pause = self._retries.pause(self._tries, asked)
        if pause is None or self._spent() + pause >= self._deadline:
            return None
        self._paused += pause
        logger.info(
            "%s: try %d of %d: %s; next in %.2f s",
            self.call.feature, self._tries, self._retries.tries, what.value, pause,
        )  # fmt: skip
        return pause

    def verdict(self, error: NoAnswer | APIError) -> FulfillmentError:
        """What the caller gets when `error` ended the last try; it says what was sent."""
        sent = self.sent()
        if isinstance(error, APIError) and self._number:
            error.request = sent
        ending = Ending(self.call, self._origin, self._licence(), sent, self._unsure)
        return ending.verdict(error)

    def sent(self) -> SentRequest:
        """The request that went out last, as far as an error or an observer may have it."""
        return SentRequest(self.call.method, self._origin + self.call.path, self._headers)

    def _spent(self) -> float:
        # Where pauses are skipped (`Retries.without_waiting`), they count all the same.
        return max(self._paused, self._retries.clock() - self._started)

    def _can_begin(self) -> bool:
        return self.call.upload is None or self.call.upload.can_begin()

    def _proves_it(self, error: APIError) -> bool:
        if isinstance(error, NotOffered):
            return False
        gone = self.call.method == "DELETE" and isinstance(error, NotFound)
        return gone or error.status == self.call.proof

    def _licence(self) -> Licence:
        return licence(self.call.repeat, idempotent=self._facts.idempotent)

    def _switch_dialect(self, error: NoAnswer | APIError) -> bool:
        dialect = self.call.dialect
        if dialect is None or self._other_body is not None or isinstance(error, NoAnswer):
            return False
        if not dialect.wanted(error):
            return False
        self._facts.dialects |= {dialect.name}
        self._other_body = dialect.write()
        self._tries -= 1
        return True
