"""The administration of a running gateway, as the commands call it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import click
import requests
from attrs import field, frozen

from fulfillment_sdk._extras import needs
from fulfillment_sdk.errors import ConfigurationError, ConnectionFailed

if TYPE_CHECKING:
    from fulfillment_sdk.server.configuration.sources import Given

_SECONDS = 35.0
_PAGE = 200


class _Bearer(requests.auth.AuthBase):
    """Sets the header itself: a `.netrc` would replace one that is merely given."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@frozen
class AdminApi:
    """``/admin/api/`` of the gateway at ``url``, with the first admin's token."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def of(cls, given: Given, url: str | None) -> AdminApi:
        """Find address and token: those of the server that has the settings' data folder.

        Raises ``ConfigurationError`` where there is no token to be found, or ``url`` is no address,
        and ``ConnectionFailed`` where no server runs that the folder's token is for.
        """
        with needs("server"):
            from fulfillment_sdk.server import folder
            from fulfillment_sdk.server.configuration import options, parsing
            from fulfillment_sdk.server.configuration.resolve import own_address
        data = given.get(options.DATA)
        running = folder.address(data)
        own = own_address(given.get(options.HOST), given.get(options.PORT))
        try:
            address = parsing.address(url or running or own)
        except ValueError as error:  # which says what is wrong without showing it
            raise ConfigurationError(
                f"--url {error}", remedy="Give no user or password: the staff token is what counts."
            ) from None
        if given.has(options.STAFF_TOKEN):
            return cls(address, given.get(options.STAFF_TOKEN))
        token = _kept(data / "staff-token")
        if not url and running is None:
            # Whoever listens there is not the one whose token this is.
            raise ConnectionFailed(
                f"No server runs with the data folder {data}",
                remedy="Start it with fulfillment serve, name its --data folder, or say with --url"
                " where it is.",
            )
        return cls(address, token)

    def entries(self, path: str, **query: str | None) -> Iterator[dict[str, object]]:
        """Yield every entry of a list, page by page."""
        after: str | None = None
        while True:
            try:
                page = self._call("GET", path, {**query, "limit": str(_PAGE), "after": after})
            except Refusal as refusal:
                raise self._no_gateway() if refusal.status == 404 else refusal from None
            items, after = page.get("items"), _text(page.get("next"))
            if not isinstance(items, list):
                raise self._no_gateway()
            yield from items
            if after is None:
                return

    def post(self, *path: str) -> dict[str, object]:
        """Do something; the parts of ``path`` are quoted."""
        return self._call("POST", "/".join(quote(part, safe="") for part in path) + "/", {})

    def _call(self, method: str, path: str, query: dict[str, str | None]) -> dict[str, object]:
        with requests.Session() as session:
            # A proxy of the environment has nothing to do with a server on this machine.
            session.trust_env = urlsplit(self.url).hostname not in ("127.0.0.1", "::1", "localhost")
            try:
                answer = session.request(
                    method,
                    f"{self.url}/admin/api/{path}",
                    params=query,
                    auth=_Bearer(self.token),
                    timeout=_SECONDS,
                    allow_redirects=False,
                )
            except (requests.RequestException, ValueError):
                raise ConnectionFailed(
                    f"No server answers at {self.url}",
                    remedy="Start it with fulfillment serve, name its --data folder, or say with"
                    " --url where it is.",
                ) from None
        return self._read(answer)

    def _read(self, answer: requests.Response) -> dict[str, object]:
        if answer.status_code >= 500:
            raise ConnectionFailed(
                f"The server at {self.url} can't answer just now: {answer.status_code}",
                remedy="Its /readyz and its log say why; then try again.",
            )
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._no_gateway()
        if answer.ok:
            return found
        said = found.get("error") or found.get("message")
        if answer.status_code == 401:
            raise ConfigurationError(
                f"The server at {self.url} does not take this staff token",
                remedy="Name with --data the folder of that server, or set"
                " FULFILLMENT_STAFF_TOKEN to its token.",
            )
        raise Refusal(answer.status_code, said if isinstance(said, str) else "")

    def _no_gateway(self) -> ConfigurationError:
        return ConfigurationError(
            f"What answers at {self.url} is no gateway of this version",
            remedy="Say with --url where the gateway is.",
        )


class Refusal(click.ClickException):
    """The gateway said no: with which status, and in which words."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"The gateway refused: {said or status}")
        self.status = status
        self.said = said


def _kept(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            f"There is no staff token in {path.parent}",
            remedy="Name with --data the folder of the server, or set FULFILLMENT_STAFF_TOKEN.",
        ) from None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
