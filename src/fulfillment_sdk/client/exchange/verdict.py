"""What the caller of a call gets when its last try failed (contract, sections 2 and 6): pure."""

from __future__ import annotations

from typing import Final

import attrs

from fulfillment_sdk.client.calls.call import Call, Repeat
from fulfillment_sdk.client.exchange.retry import (
    Failure,
    Licence,
    NoAnswer,
    Step,
    failure,
    settles,
    step,
)
from fulfillment_sdk.errors import (
    APIError,
    ConnectionFailed,
    FulfillmentError,
    OutcomeUnknown,
    SentRequest,
    UnexpectedAnswer,
)

_ASK: Final = (
    "Ask the server's operator for a case with the src_uid that was sent, before you send another."
)


@attrs.frozen
class Ending:
    """A call after its last try; `unsure`: one of its tries may have been carried out unnoticed."""

    call: Call[object]
    origin: str
    licence: Licence
    sent: SentRequest
    unsure: bool

    def verdict(self, error: NoAnswer | APIError) -> FulfillmentError:
        """The error for the caller, when `error` ended the last try."""
        what = failure(error)
        if self._outcome_unknown(what, error):
            return self._unknown(error)
        if isinstance(error, NoAnswer):
            kind = "No answer from" if error.sent else "No connection to"
            return ConnectionFailed(
                f"{kind} {self.origin}: {error.why}", request=self.sent, remedy=error.remedy
            )
        if what is Failure.BROKEN and (carried := self._carried()):
            error.remedy = f"Repeat later, unchanged: {carried} make sure that it is done once."
        if isinstance(error, UnexpectedAnswer) and self._perhaps_done(error):
            way_on = self._way_on(default=_ASK)
            error.remedy = f"{error.remedy} It may have been carried out. {way_on}"
        return error

    def _perhaps_done(self, error: UnexpectedAnswer) -> bool:
        """Whether a success that nobody understands is of what must not be done twice."""
        return 200 <= error.status < 300 and self.call.repeat is not Repeat.SAFE

    def _outcome_unknown(self, what: Failure, error: NoAnswer | APIError) -> bool:
        if step(what, self.licence) is Step.UNKNOWN:
            return True
        if self.call.repeat is Repeat.SAFE:
            return False
        if what is Failure.LOST:
            return True
        # The last try may well have never arrived, or been refused: an earlier one may have.
        return self.unsure and what is not Failure.BROKEN and not settles(error)

    def _unknown(self, error: NoAnswer | APIError) -> OutcomeUnknown:
        keys = self.call.keys
        said = (
            error.why if isinstance(error, NoAnswer) else f"status {error.status}, {error.message}"
        )
        unknown = OutcomeUnknown(
            f"{self.origin} may or may not have carried it out ({self.call.feature}): {said}",
            idempotency_key=keys.idempotency_key if keys else None,
            src_uid=keys.src_uid if keys else None,
            request=self.sent,
            response=error.response if isinstance(error, APIError) else None,
            body=error.body if isinstance(error, APIError) else None,
            remedy=self._way_on(default=OutcomeUnknown.default_remedy),
        )
        if isinstance(error, APIError):
            unknown.__cause__ = error
        return unknown

    def _way_on(self, *, default: str) -> str:
        """What to do if nobody knows whether it was done."""
        if carried := self._carried():
            return f"Repeat it unchanged: {carried} make sure that it is done once."
        return self.call.unknown_remedy or default

    def _carried(self) -> str:
        """What makes a repetition harmless; empty where nothing does."""
        keys = self.call.keys
        if keys is None or self.licence is not Licence.KEYED:
            return ""
        return f"idempotency_key={keys.idempotency_key!r} and the same content"
