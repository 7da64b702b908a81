"""`client.subscriptions`: where the organization's notifications go (contract, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

from fulfillment_sdk import signing
from fulfillment_sdk.client.calls import subscriptions as calls
from fulfillment_sdk.client.calls.call import Runner
from fulfillment_sdk.client.paging import LARGEST, Pager
from fulfillment_sdk.models import Delivery, RotatedSecret, Subscription

DeliveryState = Literal["pending", "delivered", "dead"]


class Subscriptions:
    """The addresses that the gateway sends notifications to. NotOffered where a server has none."""

    def __init__(
        self,
        runner: Runner,
        new_id: Callable[[], str],
        new_secret: Callable[[], str] = signing.new_secret,
    ) -> None:
        self._runner = runner
        self._new_id = new_id
        self._new_secret = new_secret

    def create(
        self,
        *,
        url: str,
        events: Iterable[str] | None = None,
        statuses: Iterable[str] | None = None,
        description: str | None = None,
        secret: str | None = None,
    ) -> Subscription:
        """Have notifications sent to `url`: of the types in `events`, or all.

        With `statuses` only of changes to these lifecycle statuses. Returns the subscription with
        its `id` and, only this once, the `secret` that the receiver verifies with (the one given,
        `whsec_…`, or the server's); `warnings` tell of types and statuses that the server doesn't
        know. Raises BadRequest where the server refuses the address, Conflict where there are as
        many as there may be, and OutcomeUnknown if no answer came: look into `list()` before
        creating it again. Contract, section 5.
        """
        fields = calls.Fields(
            url=url, events=events, statuses=statuses, description=description, secret=secret
        )
        return self._runner.run(calls.create(fields, idempotency_key=str(self._new_id())))

    def list(self, *, page_size: int = LARGEST) -> Pager[Subscription]:
        """Iterate over all subscriptions, the oldest first, page by page. Contract, section 5."""
        return Pager(self._runner, lambda cursor: calls.page(cursor, page_size))

    def get(self, subscription_id: str) -> Subscription:
        """Show one subscription, without its secret; NotFound if there is none of that id."""
        return self._runner.run(calls.show(subscription_id))

    def update(
        self,
        subscription_id: str,
        *,
        url: str | None = None,
        events: Iterable[str] | None = None,
        statuses: Iterable[str] | None = None,
        description: str | None = None,
        enabled: bool | None = None,
    ) -> Subscription:
        """Change what is given; an empty `events` or `statuses` wants all of them again.

        Enabled again, it gets what was kept for it meanwhile. Returns it as it is now. Raises
        NotFound, BadRequest for what can't be used, Conflict where an administrator has disabled
        it, and TypeError where nothing is given. Contract, section 5.
        """
        fields = calls.Fields(
            url=url, events=events, statuses=statuses, description=description, enabled=enabled
        )
        return self._runner.run(calls.update(subscription_id, fields))

    def delete(self, subscription_id: str) -> None:
        """End a subscription, with what is on its way to it; NotFound if there is none of that id.

        Contract, section 5.
        """
        self._runner.run(calls.delete(subscription_id))

    def rotate_secret(self, subscription_id: str, *, secret: str | None = None) -> RotatedSecret:
        """Have a new secret sign; for 24 hours the one before signs as well.

        The secret is the one given (`whsec_` and base64 of 24 to 64 random bytes) or made here, so
        that the call can be repeated without harm. Keep the answer's `secret`: it is told this
        once. Three sign at most. Raises NotFound, and BadRequest for a secret that can't sign.
        Contract, section 5.
        """
        secret = self._new_secret() if secret is None else secret
        return self._runner.run(calls.rotate(subscription_id, secret))

    def test(self, subscription_id: str) -> str:
        """Have a `subscription.test` sent to this subscription alone; returns the event's id.

        What becomes of it is in `deliveries()`. Raises NotFound, and Conflict where the
        subscription is disabled. Contract, section 5.
        """
        return self._runner.run(calls.test(subscription_id))

    def deliveries(
        self,
        subscription_id: str,
        *,
        state: DeliveryState | None = None,
        since: datetime | str | None = None,
        page_size: int = LARGEST,
    ) -> Pager[Delivery]:
        """Iterate over what became of a subscription's events, the oldest first.

        Without `state`: what has not arrived. `since` (a datetime with a zone, or its text) leaves
        out what is older. Raises NotFound if there is no subscription of that id. Contract,
        section 5.
        """
        return Pager(
            self._runner,
            lambda cursor: calls.deliveries(subscription_id, state, since, cursor, page_size),
        )

    def replay(self, delivery_id: str) -> None:
        """Send one event once more, under its old id; NotFound if there is no such delivery.

        A receiver that has it does nothing twice. Contract, section 5.
        """
        self._runner.run(calls.replay(delivery_id))

    def recover(
        self, subscription_id: str, *, since: datetime | str, everything: bool = False
    ) -> int:
        """Send again what was given up of the events since a time; returns how many these are.

        `since` is a datetime with a zone, or its text; with `everything` also what has arrived.
        Where an earlier try got no answer, what it has sent again already is not in the number.
        Raises NotFound, and TooManyRequests while another one runs. Contract, section 5.
        """
        return self._runner.run(calls.recover(subscription_id, since, everything=everything))
