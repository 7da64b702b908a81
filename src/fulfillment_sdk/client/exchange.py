"""One call over all its tries: what goes out, what an answer means, what the caller gets.

Nothing here sends or waits, so that any shell can run it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import attrs

from fulfillment_sdk.client.answers import refusal, succeeded
from fulfillment_sdk.client.call import Answer, Call, Repeat, Upload
from fulfillment_sdk.client.retry import (
    Failure,
    Licence,
    NoAnswer,
    Retries,
    Step,
    failure,
    licence,
    step,
)
from fulfillment_sdk.errors import (
    APIError,
    ConnectionFailed,
    FulfillmentError,
    NotFound,
    NotOffered,
    OutcomeUnknown,
    Unauthorized,
)

T = TypeVar("T")

IDEMPOTENCY: Final = "idempotency"
NO_TOKEN: Final = (
    "The client has no token: give token=, or set FULFILLMENT_TOKEN for Client.from_env(). "  # noqa: S105
    "Obtain a new token through the verification process."
)

logger = logging.getLogger("fulfillment_sdk.client")


@attrs.define
class Facts:
    """What a client has learnt about its server; sets are replaced, so threads may share it."""

    features: frozenset[str] = frozenset()
    dialects: frozenset[str] = frozenset()

    def hear(self, answer: Answer) -> None:
        """Note the features that an answer announces; one without the header says nothing."""
        if (announced := answer.headers.get("fulfillment-features")) is not None:
            features = frozenset(word.strip().lower() for word in announced.split(","))
            self.features = features - {""}


@attrs.define
class Bearer:
    """The token of a client, and of those that were made of it."""

    token: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Request:
    """What goes out now; `timeout` is in seconds."""

    method: str
    path: str
    headers: dict[str, str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(repr=False)
    timeout: float
    upload: Upload | None = attrs.field(default=None, repr=False)


class Exchange(Generic[T]):
    """The state of one call while it runs."""

    def __init__(
        self,
        call: Call[T],
        facts: Facts,
        retries: Retries,
        *,
        origin: str,
        token: str | None,
        timeout: float,
        now: Callable[[], float],
    ) -> None:
        self.call = call
        self._facts = facts
        self._retries = retries
        self._origin = origin
        self._token = token
        self._timeout = timeout + call.patience
        self._now = now
        self._started = retries.clock()
        self._deadline = max(retries.deadline, self._timeout)
        self._tries = 0
        self._unsure = False
        self._other_body: bytes | None = None
        if call.dialect is not None and call.dialect.name in facts.dialects:
            self._other_body = call.dialect.write()

    def request(self) -> Request:
        """The next request; the time for its answer is cut to what is left of the deadline."""
        call = self.call
        self._tries += 1
        headers = {"Accept": "application/json", **call.headers}
        body = call.body if self._other_body is None else self._other_body
        if body is not None:
            headers["Content-Type"] = "application/json"
        if call.upload is not None:
            headers["Content-Type"] = call.upload.content_type
        if call.bearer and self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        left = self._deadline - (self._retries.clock() - self._started)
        timeout = max(0.001, min(self._timeout, left))
        return Request(call.method, call.path, headers, body, timeout, call.upload)

    def receive(self, answer: Answer) -> T:
        """The result that an answer holds, or the error that it means."""
        self._facts.hear(answer)
        if succeeded(answer):
            return self.call.read(answer)
        error = refusal(self.call, answer, now=self._now())
        if isinstance(error, Unauthorized) and self.call.bearer and self._token is None:
            error.remedy = NO_TOKEN
        if self._unsure and self._proves_it(error):
            # An earlier try, whose answer was lost, has done it.
            return self.call.read(attrs.evolve(answer, status=204, body=b""))
        raise error

    def again(self, error: BaseException) -> float | None:
        """The pause before the next try in seconds, None if there is none."""
        if not isinstance(error, NoAnswer | APIError):
            return None
        if self._switch_dialect(error):
            return 0.0
        what = failure(error)
        self._unsure = self._unsure or what in {Failure.LOST, Failure.BROKEN}
        if step(what, self._licence()) is not Step.AGAIN:
            return None
        if self.call.upload is not None and not self.call.upload.can_begin():
            return None
        asked = error.retry_after if isinstance(error, APIError) else None
        pause = self._retries.pause(self._tries, asked)
        spent = self._retries.clock() - self._started
        if pause is None or spent + pause >= self._deadline:
            return None
        logger.info(
            "%s: try %d of %d: %s; next in %.2f s",
            self.call.feature, self._tries, self._retries.tries, what.value, pause,
        )  # fmt: skip
        return pause

    def verdict(self, error: NoAnswer | APIError) -> FulfillmentError:
        """What the caller gets when `error` ended the last try."""
        what = failure(error)
        if self._outcome_unknown(what):
            return self._unknown(error)
        if isinstance(error, NoAnswer):
            kind = "No answer from" if error.sent else "No connection to"
            return ConnectionFailed(f"{kind} {self._origin}: {error.why}", remedy=error.remedy)
        if what is Failure.BROKEN and self.call.keys and self._licence() is Licence.KEYED:
            error.remedy = (
                f"Repeat later, unchanged: {self._carried()} make sure that it is done once."
            )
        return error

    def _proves_it(self, error: APIError) -> bool:
        if isinstance(error, NotOffered):
            return False
        gone = self.call.method == "DELETE" and isinstance(error, NotFound)
        return gone or error.status == self.call.proof

    def _outcome_unknown(self, what: Failure) -> bool:
        if step(what, self._licence()) is Step.UNKNOWN:
            return True
        if self.call.repeat is Repeat.SAFE:
            return False
        # The last try may well have never arrived: an earlier one may have.
        return what is Failure.LOST or (
            self._unsure and what in {Failure.NEVER_ARRIVED, Failure.REFUSED}
        )

    def _unknown(self, error: NoAnswer | APIError) -> OutcomeUnknown:
        keys = self.call.keys
        said = (
            error.why if isinstance(error, NoAnswer) else f"status {error.status}, {error.message}"
        )
        remedy = self.call.unknown_remedy
        if keys and self._licence() is Licence.KEYED:
            remedy = f"Repeat it unchanged: {self._carried()} make sure that it is done once."
        unknown = OutcomeUnknown(
            f"{self._origin} may or may not have carried it out ({self.call.feature}): {said}",
            idempotency_key=keys.idempotency_key if keys else None,
            src_uid=keys.src_uid if keys else None,
            remedy=remedy,
        )
        if isinstance(error, APIError):
            unknown.__cause__ = error
        return unknown

    def _carried(self) -> str:
        keys = self.call.keys
        return f"idempotency_key={keys.idempotency_key!r} and the same content" if keys else ""

    def _licence(self) -> Licence:
        return licence(self.call.repeat, idempotent=IDEMPOTENCY in self._facts.features)

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
