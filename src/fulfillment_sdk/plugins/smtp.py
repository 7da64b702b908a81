"""Where and how mail is handed over: a mail server, as a URL says it."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from fulfillment_sdk.errors import ConfigurationError

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@frozen
class SmtpServer:
    """A mail server, read from a URL such as ``FULFILLMENT_SMTP_URL``."""

    host: str
    port: int
    tls: bool
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str, *, setting: str = "FULFILLMENT_SMTP_URL") -> SmtpServer:
        """Read ``smtp://user:pass@host:port`` or ``smtps://…`` (contract, section 7).

        Raises ``ConfigurationError``, which does not repeat the URL, where it is neither.
        """
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname
        except ValueError:
            port, host, parts = None, None, urlsplit("")
        if parts.scheme not in ("smtp", "smtps") or not host or parts.path not in ("", "/"):
            raise ConfigurationError(
                "The mail server's URL can't be read",
                remedy=f"Write {setting} as smtp://user:pass@host:port or smtps://….",
            )
        tls = parts.scheme == "smtps"
        return cls(
            host,
            port or (465 if tls else 587 if parts.username else 25),
            tls,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )

    @property
    def is_near(self) -> bool:
        """Whether it is on this machine, so that what it is told crosses no network."""
        return self.host in _LOOPBACK

    @property
    def start_tls(self) -> bool | None:
        """Whether to insist on STARTTLS: a password never leaves this machine in the clear."""
        if self.tls:
            return False
        return True if self.username and not self.is_near else None
