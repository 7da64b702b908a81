"""What every sink's table may say, whatever its kind: which events, how much of them, how fast."""

from __future__ import annotations

from typing import Final

import attrs

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins.disclosure.disclosure import Disclosure
from fulfillment_sdk.plugins.filters import only, warn_of_strangers
from fulfillment_sdk.plugins.settings.settings import settings_of
from fulfillment_sdk.relay import Destination, RetryPolicy
from fulfillment_sdk.relay.values import BY_DECLARATION, Ordering


@attrs.frozen(kw_only=True)
class CommonSettings:
    """The keys that every sink's table has.

    Args:
        kind: what kind of sink it is.
        events: the types of event that it wants; empty for all.
        statuses: the new statuses that it wants; empty for all.
        categories: the case categories that it wants, by their codes; empty for all.
        disclosure: how much of an event it gets.
        ordering: `case` for a case's events one after the other, `none` for each alone.
        timeout: seconds after which a delivery counts as failed.
        concurrency: deliveries under way at once, each of another case; without it what its
            kind takes.
        rate: deliveries per second at most; without it as many as it takes.
        retry: seconds before each try, the first one's included; without it as the receiver.
        enabled: whether it is sent anything; what arrives meanwhile is kept if not.
    """

    kind: str
    events: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    categories: tuple[str | int, ...] = ()
    disclosure: Disclosure = "routing"
    ordering: Ordering = "case"
    timeout: float = 30.0
    concurrency: int | None = None
    rate: float | None = None
    retry: tuple[float, ...] | None = None
    enabled: bool = True

    def destination(
        self, name: str, policy: RetryPolicy, *, concurrency: int, where: str
    ) -> Destination:
        """Return the destination that the table asks for.

        Args:
            name: the destination's, and its sink's.
            policy: when it is tried again where the table doesn't say.
            concurrency: that of its kind.
            where: how messages call the table.

        Raises:
            ConfigurationError: a number is out of its bounds.
        """
        warn_of_strangers(self.events, self.statuses, where=where)
        try:
            if self.retry is not None:
                policy = attrs.evolve(policy, schedule=self.retry)
            return Destination(
                name,
                name,
                types=self.events,
                only=only(self.statuses, self.categories),
                ordering=self.ordering,
                policy=policy,
                concurrency=concurrency if self.concurrency is None else self.concurrency,
                timeout=self.timeout,
                rate=self.rate,
                enabled=self.enabled,
                disabled_why="" if self.enabled else BY_DECLARATION,
            )
        except ValueError as error:
            # The relay's own words: they name a field and its bounds, and no value.
            raise ConfigurationError(f"{where}: {error}", remedy="Correct its value.") from None


COMMON: Final = frozenset(settings_of(CommonSettings))
"""The keys that no kind's own settings may have."""
