"""The client: one server, one organization, any number of threads."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Self

from fulfillment_sdk.client import address
from fulfillment_sdk.client.auth import Auth
from fulfillment_sdk.client.cases import Cases
from fulfillment_sdk.client.retry import Retries
from fulfillment_sdk.client.subscriptions import Subscriptions
from fulfillment_sdk.client.transport import Session, Transport
from fulfillment_sdk.errors import ConfigurationError


class Client:
    """Talks to a gateway for one organization.

    `base_url` is the server's address, without a default (else `FULFILLMENT_BASE_URL`); `token`
    the bearer token, if there is one already. `timeout` is in seconds for each try; the deployed
    gateway may take 31 s to fail. `retries` is a `Retries`, or how many times a failed try is
    repeated. `session` is a `requests.Session` with adapters, proxies or hooks of your own; `ids`
    makes idempotency keys, `clock` gives epoch seconds.

    Raises ConfigurationError where one of them can't be used. Safe to share between threads; a
    context manager.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        token: str | None = None,
        timeout: float = 35.0,
        retries: Retries | int | None = None,
        session: Session | None = None,
        ids: Callable[[], str] = lambda: str(uuid.uuid4()),
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not 0 < timeout < float("inf"):
            raise ConfigurationError(
                "The timeout is no positive number of seconds", remedy="Give timeout=35.0, say."
            )
        if isinstance(retries, int):
            retries = Retries(tries=retries + 1)
        self._transport = Transport(
            address.base_url(base_url, os.environ),
            token=address.token(token),
            timeout=timeout,
            retries=retries or Retries(),
            session=session,
            now=clock,
        )
        self.auth = Auth(self._transport, self._use_token)
        self.cases = Cases(self._transport, ids)
        self.subscriptions = Subscriptions(self._transport, ids)

    @classmethod
    def from_env(
        cls,
        *,
        timeout: float = 35.0,
        retries: Retries | int | None = None,
        session: Session | None = None,
    ) -> Self:
        """A client for `FULFILLMENT_BASE_URL` with the token of `FULFILLMENT_TOKEN`, if set."""
        return cls(
            token=os.environ.get(address.TOKEN), timeout=timeout, retries=retries, session=session
        )

    @property
    def base_url(self) -> str:
        """The server's address, without a trailing slash."""
        return self._transport.base_url

    @property
    def features(self) -> frozenset[str]:
        """What the server has announced beyond the documents; empty before its first answer."""
        return self._transport.facts.features

    def close(self) -> None:
        """Close the connections (a session that was handed in stays open)."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        known = "with" if self._transport.token else "without"
        return f"<Client {self.base_url} {known} a token>"

    def _use_token(self, token: str) -> None:
        self._transport.token = address.token(token)
