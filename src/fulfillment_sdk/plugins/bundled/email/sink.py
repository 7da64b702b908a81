"""Tells people of events by mail."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Sequence

import aiosmtplib

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.plugins.bundled.email.letters import Letters
from fulfillment_sdk.plugins.bundled.email.lines import Lines
from fulfillment_sdk.plugins.bundled.email.refusals import after_failure, after_sending
from fulfillment_sdk.plugins.disclosure.disclosing import UNREADABLE
from fulfillment_sdk.plugins.served import Served
from fulfillment_sdk.plugins.wording import WordingFailed
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry
from fulfillment_sdk.relay.dispatching.descriptors import none_left

logger = logging.getLogger("fulfillment_sdk.plugins")


class EmailSink:
    """Writes a mail for each event, and hands it to a mail server.

    Args:
        letters: what the mails say.
        recipients: the addresses that they go to.
        open_lines: makes what sends, in the loop that delivers.
        clock: epoch seconds.
    """

    def __init__(
        self,
        letters: Letters,
        recipients: Sequence[str],
        *,
        open_lines: Callable[[], Lines],
        clock: Callable[[], float],
    ) -> None:
        self._letters = letters
        self._recipients = recipients
        self._open_lines = open_lines
        self._clock = clock
        self._lines: Lines | None = None
        self._served: Served[str] = Served()

    async def open(self) -> None:
        """Be ready to connect; a mail server that is away is met with the first mail."""
        self._lines = self._open_lines()

    async def close(self) -> None:
        """Drop the connections."""
        lines, self._lines = self._lines, None
        if lines is not None:
            lines.close()

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Send one mail, to those who have not got it in an earlier try."""
        if self._lines is None:
            raise RuntimeError("EmailSink.open() has not been awaited")
        try:
            mail = self._letters.write(delivery, at=self._clock())
        except PayloadError:
            return UNREADABLE
        except WordingFailed as error:
            return Retry(error.message)
        left = self._served.left(delivery.id, self._recipients)
        try:
            refused = await self._lines.send(self._letters.sender.addr_spec, left, mail)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            if none_left(error) or none_left(error.__cause__ or error):
                raise OSError(errno.EMFILE, "no file descriptor is free") from None
            return after_failure(error)
        return self._judge(delivery, left, refused)

    def _judge(self, delivery: Delivery, asked: Sequence[str], refused: dict[str, int]) -> Outcome:
        self._served.note(delivery.id, [one for one in asked if one not in refused])
        served = len(self._recipients) - len(self._served.left(delivery.id, self._recipients))
        outcome = after_sending(refused, served=served)
        if isinstance(outcome, Delivered | Reject):
            self._served.forget(delivery.id)
        if isinstance(outcome, Delivered) and refused:
            logger.warning(
                "sink %s: event %s reached %s", delivery.destination, delivery.id, outcome.note
            )
        return outcome
