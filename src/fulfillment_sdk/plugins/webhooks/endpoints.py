"""Where a webhook goes and what it is signed with, and which endpoints keep their connection."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import attrs

from fulfillment_sdk._extras import needs
from fulfillment_sdk.plugins.webhooks.live_secrets import read_secrets

with needs("webhook"):
    from yarl import URL

HTTPS_ONLY = frozenset({"https"})


@attrs.frozen(slots=True)
class Endpoint:
    """Where a destination's settings say to post, and what to sign with."""

    url: URL
    secrets: tuple[str, ...] = attrs.field(repr=False)

    @classmethod
    def read(
        cls, settings: Mapping[str, object], schemes: frozenset[str], *, now: float
    ) -> Endpoint | str:
        """Read `{"url": …, "secrets": […]}`, or say what is wrong with it (naming no value).

        Of the secrets it has those that sign at `now` (epoch seconds), in their order.
        """
        url, secrets = settings.get("url"), read_secrets(settings.get("secrets"))
        live = tuple(one.secret for one in secrets if one.signs(now))
        if not live:
            return "the endpoint has no secret"
        try:
            target = URL(url) if isinstance(url, str) else URL()
        except ValueError:
            target = URL()
        if not target.host:
            return "the endpoint's URL can't be used"
        if target.scheme not in schemes:
            return f"the endpoint's URL must begin with {' or '.join(sorted(schemes))}"
        return cls(target, live)


class KeptAlive:
    """Which endpoints' connections outlive a request: those used last, and not too many.

    An idle connection is a file descriptor, of which a process often has 1,024. `most` endpoints
    have a place; one that was not used for `seconds` gives its place to the next that comes. While
    all places are taken, the others' connections are closed after each answer.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._used: OrderedDict[URL, float] = OrderedDict()

    def use(self, origin: URL, now: float) -> bool:
        """Tell whether a connection to this origin may be kept, used at `now` (seconds)."""
        while self._used and next(iter(self._used.values())) < now - self._seconds:
            self._used.popitem(last=False)
        if origin not in self._used and len(self._used) >= self._most:
            return False
        self._used[origin] = now
        self._used.move_to_end(origin)
        return True
