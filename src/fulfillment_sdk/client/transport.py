"""The only file that knows `requests`: sends what an exchange asks for, hands back the answers."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Self, TypeAlias, TypeVar

import requests
import urllib3
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from fulfillment_sdk.client.calls.call import Call, Upload
from fulfillment_sdk.client.exchange.breakage import Kinds, no_answer
from fulfillment_sdk.client.exchange.exchange import Exchange
from fulfillment_sdk.client.exchange.facts import Facts
from fulfillment_sdk.client.exchange.request import Request
from fulfillment_sdk.client.exchange.retry import NoAnswer, Retries, repeating
from fulfillment_sdk.client.forks import Forks
from fulfillment_sdk.client.observing.observers import Observers
from fulfillment_sdk.client.tls import check_files
from fulfillment_sdk.client.tokens.bearer import Bearer
from fulfillment_sdk.errors import APIError, ConfigurationError

T = TypeVar("T")
Session: TypeAlias = requests.Session

POOL: Final = 64
_PIECE: Final = 64 * 1024
_FAILURES: Final = (requests.RequestException, urllib3.exceptions.HTTPError)
_MALFORMED: Final = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    urllib3.exceptions.LocationParseError,
)
_KINDS: Final = Kinds(
    # Not InvalidHeader: an answer's own header may be meant. Not ProxyError: what gets lost behind
    # a proxy is one too.
    never_sent=(
        requests.exceptions.ConnectTimeout,
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        *_MALFORMED,
    ),
    malformed=_MALFORMED,
    timeouts=(requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
    connecting=frozenset({("urllib3.connection", "connect")}),
)


class Transport:
    """Runs calls against one address, from any number of threads.

    What `requests` would look up in the environment for every request (proxies, the CA bundle,
    `.netrc`) is looked up once, here; `.netrc` never: it would replace the token. A `session` of
    the caller keeps its adapters, headers, hooks, proxies and TLS settings as they are now, and
    is not closed by us.
    """

    def __init__(
        self,
        base_url: str,
        *,
        bearer: Bearer,
        timeout: float,
        retries: Retries,
        session: Session | None = None,
        now: Callable[[], float] = time.time,
        observers: Observers | None = None,
    ) -> None:
        self.base_url = _normal(base_url)
        self.bearer = bearer
        self.facts = Facts()
        self._timeout = timeout
        self.retries = retries
        self._now = now
        self.observers = observers or Observers(load_entry_points=False)
        self._owned = session is None
        self._session = session = session or _new_session()
        self._settings = self._session.merge_environment_settings(
            self.base_url, {}, True, None, None
        )
        if self.base_url.startswith("https:"):
            check_files(self._settings["verify"], self._settings["cert"])
        self._forks = Forks(lambda: _leave_connections(session))
        self._headers = {
            name: value if isinstance(value, str) else value.decode("latin-1")
            for name, value in self._session.headers.items()
            if name.lower() != "authorization"
        }
        hooks = self._session.hooks.get("response", [])
        self._hooks = (
            [*hooks, _forget_location] if isinstance(hooks, list) else [hooks, _forget_location]
        )

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retries: Retries | None = None,
        bearer: Bearer | None = None,
    ) -> Self:
        """Another one over the same connections, with what this one has learnt and will learn."""
        other = copy.copy(self)
        other._timeout = self._timeout if timeout is None else timeout
        other.retries = retries or self.retries
        other.bearer = bearer or self.bearer
        other._owned = False
        return other

    def run(self, call: Call[T]) -> T:
        """Run a call to its end: its result, or the error that the caller gets."""
        exchange = Exchange(
            call,
            self.facts,
            self.retries,
            origin=self.base_url,
            bearer=self.bearer,
            timeout=self._timeout,
            now=self._now,
        )
        try:
            return self._try(exchange)  # most calls end here: a loop costs as much as all our rest
        except (NoAnswer, APIError) as error:
            failed = [error]
        loop = repeating(exchange.again, self.retries)
        try:
            result: T = loop(self._try_on, exchange, failed)
            return result
        except (NoAnswer, APIError) as error:
            # Its frames hold the request with its token, and in a circle the connection.
            error.__traceback__ = None
            verdict = exchange.verdict(error)
        finally:
            loop.iter_state.reset()  # it and what it did last hold each other
        # Outside of the handler: what the caller gets is not chained to the request either.
        try:
            raise verdict
        finally:
            del verdict

    def close(self) -> None:
        """Close the connections, unless the session is the caller's."""
        if self._owned:
            for pool in _pools(self._session):
                pool.close()
            self._session.close()

    def _try_on(self, exchange: Exchange[T], failed: list[NoAnswer | APIError]) -> T:
        """What the loop repeats, beginning with the try that has `failed` already."""
        if failed:
            raise failed.pop()
        return self._try(exchange)

    def _try(self, exchange: Exchange[T]) -> T:
        request = exchange.request()
        self._forks.check()
        with self.observers.watch(request, self.base_url, self.retries.clock) as watch:
            try:
                response = self._session.send(
                    self._prepared(request),
                    timeout=(request.connect_timeout, request.timeout),
                    allow_redirects=False,
                    **self._settings,
                )
            except _FAILURES as error:
                raise no_answer(error, request, _KINDS) from None
            with contextlib.closing(response):
                intake = exchange.intake(response.status_code, response.headers)
                watch.began(intake.head)
                for piece in _pieces(response, request):
                    intake.take(piece)
                answer = intake.finish()
                watch.ended(answer)
                return exchange.receive(answer)

    def _prepared(self, request: Request) -> requests.PreparedRequest:
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = self.base_url + request.path
        prepared.headers = CaseInsensitiveDict(self._headers | request.headers)
        prepared.body = request.body
        prepared.hooks = {"response": self._hooks}
        if request.body is not None:
            prepared.headers["Content-Length"] = str(len(request.body))
        if request.upload is not None:
            _put(prepared, request.upload)
        return prepared


def _normal(base_url: str) -> str:
    """The address as `requests` writes it (a host's name in ASCII), without a slash at its end."""
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(base_url, None)
    except (requests.RequestException, ValueError):
        raise ConfigurationError(
            "The base URL is no address", remedy="Give it as https://HOST or https://HOST:PORT."
        ) from None
    return str(prepared.url).rstrip("/")


def _put(prepared: requests.PreparedRequest, upload: Upload) -> None:
    # An iterator is sent piece by piece; what has no known length goes in chunks.
    body: Any = upload.begin()
    prepared.body = body
    if upload.length is None:
        prepared.headers["Transfer-Encoding"] = "chunked"
    else:
        prepared.headers["Content-Length"] = str(upload.length)


def _new_session() -> Session:
    session = Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for prefix in ("https://", "http://"):
        session.mount(prefix, HTTPAdapter(pool_maxsize=POOL))
    return session


def _leave_connections(session: Session) -> None:
    """Leave a session's connections to the process that this one was forked from."""
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
                manager.clear()


def _pools(session: Session) -> Iterator[urllib3.HTTPConnectionPool]:
    """A session's pools, which would be open for as long as anything refers to them."""
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
                keys = manager.pools.keys()  # it can't be iterated over by itself
                yield from filter(None, map(manager.pools.get, keys))


def _forget_location(response: requests.Response, **_settings: object) -> None:
    # Even with `allow_redirects=False` requests would read the body and prepare the next request.
    response.headers.pop("Location", None)


def _pieces(response: requests.Response, request: Request) -> Iterator[bytes]:
    try:
        yield from response.iter_content(_PIECE)
    except (*_FAILURES, ValueError) as error:  # urllib3's own, for a chunk of less than no bytes
        raise no_answer(error, request, _KINDS, answering=True) from None
