"""The client: one server, one organization, any number of threads.

What a call needs is loaded when the first of its group is made.
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from fulfillment_sdk.client import address
from fulfillment_sdk.client.calls.advising import OnWarning, log_warning
from fulfillment_sdk.client.exchange.retry import Retries
from fulfillment_sdk.client.observing.observers import Observers
from fulfillment_sdk.client.options import policy, seconds, token_store
from fulfillment_sdk.client.tokens import EnvTokens, TokenStore
from fulfillment_sdk.client.tokens.bearer import Bearer

if TYPE_CHECKING:
    from fulfillment_sdk.client.attachments import Attachments
    from fulfillment_sdk.client.auth import Auth
    from fulfillment_sdk.client.calls.creation import Creation
    from fulfillment_sdk.client.cases import Cases
    from fulfillment_sdk.client.emails import Emails
    from fulfillment_sdk.client.events import Events
    from fulfillment_sdk.client.subscriptions import Subscriptions
    from fulfillment_sdk.client.transport import Session
    from fulfillment_sdk.hooks.unused import PluginProblem
    from fulfillment_sdk.models import CaseDefaults

_GROUPS: Final = ("auth", "cases", "attachments", "subscriptions", "events", "emails")


def _new_id() -> str:
    from uuid import uuid4

    return str(uuid4())


class Client:
    """Talks to a gateway for one organization.

    The calls are grouped: `auth`, `cases`, `attachments`, `subscriptions`, `events`, `emails`.

    `base_url` is the server's address, without a default (else `FULFILLMENT_BASE_URL`); `token` the
    bearer token, if there is one already, or `tokens` a store that keeps it. `timeout` is in
    seconds for each try; the deployed gateway may take 31 s to fail. `retries` is a `Retries`, or
    how many times a failed try is repeated. `session` is a `requests.Session` with adapters,
    proxies or hooks of your own; `ids` makes idempotency keys, `clock` gives epoch seconds.
    `case_defaults` fill in what a case leaves open; `on_warning` is called with each `Advice` about
    a case before it is sent (else they are logged, without values), and what it raises keeps the
    case from being sent. `plugins` are modules or objects with hooks that observe requests and
    answers, beside those that are installed, unless `load_entry_points` is False.

    Raises ConfigurationError where one of them can't be used, and PluginError where one of
    `plugins` can't (an installed one is left out, see `plugin_problems`). Safe to share between
    threads; a context manager.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        token: str | None = None,
        tokens: TokenStore | None = None,
        timeout: float = 35.0,
        retries: Retries | int | None = None,
        session: Session | None = None,
        ids: Callable[[], str] = _new_id,
        clock: Callable[[], float] = time.time,
        case_defaults: CaseDefaults | None = None,
        on_warning: OnWarning = log_warning,
        plugins: Iterable[object] = (),
        load_entry_points: bool = True,
    ) -> None:
        from fulfillment_sdk.client.transport import Transport

        self._transport = Transport(
            address.base_url(base_url, os.environ),
            bearer=Bearer(token_store(token, tokens)),
            timeout=seconds(timeout),
            retries=policy(retries),
            session=session,
            now=clock,
            observers=Observers(plugins, load_entry_points=load_entry_points),
        )
        self._ids = ids
        self._clock = clock
        self._case_defaults = case_defaults
        self._on_warning = on_warning
        if case_defaults is not None or on_warning is not log_warning:
            self._creation()  # what it can't use it says now, and not with the first case

    @classmethod
    def from_env(
        cls,
        *,
        tokens: TokenStore | None = None,
        timeout: float = 35.0,
        retries: Retries | int | None = None,
        session: Session | None = None,
        case_defaults: CaseDefaults | None = None,
        on_warning: OnWarning = log_warning,
        plugins: Iterable[object] = (),
        load_entry_points: bool = True,
    ) -> Self:
        """A client for `FULFILLMENT_BASE_URL` with the token of `FULFILLMENT_TOKEN`, if set.

        With `tokens` that store's is used instead.
        """
        return cls(
            tokens=EnvTokens() if tokens is None else tokens,
            timeout=timeout,
            retries=retries,
            session=session,
            case_defaults=case_defaults,
            on_warning=on_warning,
            plugins=plugins,
            load_entry_points=load_entry_points,
        )

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retries: Retries | int | None = None,
        token: str | None = None,
    ) -> Self:
        """This client with another `timeout`, other `retries` or another `token`.

        It shares the connections, the plugins, what is known of the server and, unless `token` is
        given, the token: one that either of them obtains is used by both. Closing it closes
        nothing; it works for as long as this one is open. Raises ConfigurationError as the
        constructor does.
        """
        other = copy.copy(self)
        other._transport = self._transport.with_options(
            timeout=None if timeout is None else seconds(timeout),
            retries=None if retries is None else policy(retries),
            bearer=None if token is None else Bearer.of(token),
        )
        for group in _GROUPS:
            vars(other).pop(group, None)  # those of this client run their calls with its options
        return other

    @cached_property
    def auth(self) -> Auth:
        """From an e-mail address to a token."""
        from fulfillment_sdk.client.auth import Auth

        return Auth(self._transport, self._transport.bearer)

    @cached_property
    def cases(self) -> Cases:
        """Cases are created, seen, cancelled; their reports and files downloaded."""
        from fulfillment_sdk.client.cases import Cases

        return Cases(self._transport, self._creation())

    @cached_property
    def attachments(self) -> Attachments:
        """Files that cases refer to."""
        from fulfillment_sdk.client.attachments import Attachments

        return Attachments(self._transport)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Where the organization's notifications go."""
        from fulfillment_sdk.client.subscriptions import Subscriptions

        return Subscriptions(self._transport, self._ids)

    @cached_property
    def events(self) -> Events:
        """What the organization was sent, once more."""
        from fulfillment_sdk.client.events import Events

        retries = self._transport.retries
        return Events(self._transport, sleep=retries.sleep, clock=retries.clock)

    @cached_property
    def emails(self) -> Emails:
        """The addresses that may act for the organization."""
        from fulfillment_sdk.client.emails import Emails

        return Emails(self._transport)

    @property
    def base_url(self) -> str:
        """The server's address, without a trailing slash."""
        return self._transport.base_url

    @property
    def features(self) -> frozenset[str]:
        """What the server has announced beyond the documents; empty before its first answer."""
        return self._transport.facts.features

    @property
    def plugin_problems(self) -> tuple[PluginProblem, ...]:
        """The installed plugins that can't be used, each with its version and why.

        They are loaded before the first request, or when this is first asked for.
        """
        return self._transport.observers.problems

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
        known = "with" if self._transport.bearer.known else "without"
        return f"<Client {self.base_url} {known} a token>"

    def _creation(self) -> Creation:
        from fulfillment_sdk.client.calls.creation import Creation

        return Creation(
            new_id=self._ids,
            clock=self._clock,
            defaults=self._case_defaults,
            on_warning=self._on_warning,
        )
