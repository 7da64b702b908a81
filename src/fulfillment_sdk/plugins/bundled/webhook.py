"""The kind `webhook`: events go on to another system, signed anew with a secret of that hop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import attrs

from fulfillment_sdk import signing
from fulfillment_sdk._version import __version__
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.authority import trusting
from fulfillment_sdk.plugins.settings.secret import Secret
from fulfillment_sdk.plugins.webhooks import addresses
from fulfillment_sdk.plugins.webhooks.addresses import Guard
from fulfillment_sdk.relay import Delivery, Outcome

if TYPE_CHECKING:
    from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink

USER_AGENT: Final = f"fulfillment-sdk/{__version__}"

_PLAIN: Final = frozenset({"https", "http"})
_NETWORKS: Final[dict[str, tuple[Guard, frozenset[str]]]] = {
    "public": (addresses.refusal, frozenset({"https"})),
    "loopback": (addresses.refusal_dev, _PLAIN),
    "any": (addresses.anything, _PLAIN),
}

# The relay's own limit, the table's `timeout`, ends an attempt before.
_ALL_DAY: Final = 86_400.0


@attrs.frozen(kw_only=True)
class WebhookSettings:
    """What a table of kind `webhook` may say.

    Args:
        url: where to post.
        secrets: what to sign with, each as `signing` has them (`whsec_…`); every one signs, so that
            the other side may change from one to the next.
        network: which addresses it may lead to: `public` ones over https, with `loopback` also
            those of this host, or `any`; the last two over http as well.
        ca: certificates of an authority to trust instead of the system's (a PEM file).
    """

    url: Secret
    secrets: tuple[Secret, ...]
    network: Literal["public", "loopback", "any"] = "public"
    ca: Path | None = None


class SignedAnew:
    """Posts what it is handed, under the event's own id, signed with its table's secrets."""

    def __init__(self, sink: WebhookSink, endpoint: Mapping[str, object]) -> None:
        self._sink = sink
        self._settings = endpoint

    async def open(self) -> None:
        """Open the session."""
        await self._sink.open()

    async def close(self) -> None:
        """Close the session."""
        await self._sink.close()

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Make one attempt."""
        return await self._sink.deliver(attrs.evolve(delivery, settings=self._settings))


def make_webhook_sink(settings: WebhookSettings) -> SignedAnew:
    """Make a sink of kind `webhook`.

    Raises:
        ConfigurationError: the URL or a secret can't be used.
        MissingExtra: the extra `webhook` is not installed.
    """
    from fulfillment_sdk.plugins.webhooks.endpoints import Endpoint
    from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink

    allow, schemes = _NETWORKS[settings.network]
    secrets = [signing.check_secret(secret.value) for secret in settings.secrets]
    endpoint = {"url": settings.url.value, "secrets": secrets}
    fault = Endpoint.read(endpoint, schemes, now=0.0)
    if isinstance(fault, str):
        raise ConfigurationError(
            f"A sink of kind webhook can't be made: {fault}",
            remedy="Correct its url, secrets or network.",
        )
    sink = WebhookSink(
        allow=allow,
        schemes=schemes,
        user_agent=USER_AGENT,
        timeout=_ALL_DAY,
        tls=None if settings.ca is None else trusting(settings.ca),
    )
    return SignedAnew(sink, endpoint)
