"""Connections to a mail server, shared by the mails that are under way at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Final, Literal

import aiosmtplib

from fulfillment_sdk.plugins.smtp import SmtpServer

MOST: Final = 4
"""Connections at once: few servers like more from one sender."""

_MAILS: Final = 50  # by one connection: some servers hang up after a hundred
_SECONDS: Final = 20.0  # for each step of the talk
_LAST_SECONDS: Final = 1.0  # for a good-bye


class Lines:
    """Sends mails; a connection stays for as long as the next mail waits already.

    Each mail that finds a connection free takes it; the others wait for their turn. Whoever finds
    nobody waiting says good-bye, so that none is ever kept idle.
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        tls: ssl.SSLContext,
        insist: bool,
        name: str,
        most: int = MOST,
    ) -> None:
        """Take what a connection needs.

        Args:
            server: where to.
            tls: whose certificates are trusted.
            insist: whether STARTTLS must be offered, where TLS is not spoken from the first byte.
            name: what this host calls itself; to look it up could block the loop.
            most: connections at once.
        """
        self._server = server
        self._tls = tls
        self._start_tls: Literal[True] | bool | None = (
            False if server.tls else True if insist else server.start_tls
        )
        self._name = name
        self._turns = asyncio.Semaphore(most)
        self._waiting = 0
        self._free: list[tuple[aiosmtplib.SMTP, int]] = []

    async def send(self, sender: str, recipients: Sequence[str], mail: bytes) -> dict[str, int]:
        """Hand one mail over; return the SMTP code for each recipient that was refused.

        Raises:
            SMTPException: it was not handed over, of what kind tells why.
            OSError: there is no connection.
        """
        async with self._line() as smtp:
            try:
                errors, _ = await smtp.sendmail(sender, list(recipients), mail)
            except aiosmtplib.SMTPRecipientsRefused as error:
                return {one.recipient: one.code for one in error.recipients}
            return {recipient: answer[0] for recipient, answer in errors.items()}

    def close(self) -> None:
        """Drop what is open."""
        while self._free:
            self._free.pop()[0].close()

    @contextlib.asynccontextmanager
    async def _line(self) -> AsyncIterator[aiosmtplib.SMTP]:
        self._waiting += 1
        try:
            await self._turns.acquire()
        except BaseException:
            if self._waiting == 1:
                self.close()  # what was kept for this mail
            raise
        finally:
            self._waiting -= 1
        try:
            smtp, sent = self._kept() or (await self._connect(), 0)
            try:
                yield smtp
            except BaseException as error:
                # After an answer the talk can go on; after anything else nobody knows where it is.
                if not isinstance(error, aiosmtplib.SMTPResponseException) or error.code == 421:
                    smtp.close()
                raise
            finally:
                await self._leave(smtp, sent + 1)
        finally:
            self._turns.release()

    def _kept(self) -> tuple[aiosmtplib.SMTP, int] | None:
        while self._free:
            smtp, sent = self._free.pop()
            if smtp.is_connected:
                return smtp, sent
        return None

    async def _connect(self) -> aiosmtplib.SMTP:
        smtp = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.username,
            password=self._server.password,
            use_tls=self._server.tls,
            start_tls=self._start_tls,
            tls_context=self._tls,
            local_hostname=self._name,
            timeout=_SECONDS,
        )
        try:
            await smtp.connect()
        except BaseException:
            smtp.close()
            raise
        return smtp

    async def _leave(self, smtp: aiosmtplib.SMTP, sent: int) -> None:
        if not smtp.is_connected:
            return
        if self._waiting > len(self._free) and sent < _MAILS:
            self._free.append((smtp, sent))
            return
        try:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await smtp.quit(timeout=_LAST_SECONDS)
        finally:
            smtp.close()
