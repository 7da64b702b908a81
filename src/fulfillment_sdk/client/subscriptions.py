"""`client.subscriptions`: where the organization's notifications go (contract, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

import attrs

from fulfillment_sdk import strictjson
from fulfillment_sdk.client.answers import json_object, text, unexpected
from fulfillment_sdk.client.call import WEBFORM, Answer, Call, Keys, Repeat, Runner, segment
from fulfillment_sdk.models import Subscription

FEATURE: Final = "subscriptions"
PATH: Final = f"{WEBFORM}subscriptions/"
PAGE: Final = 200


@attrs.frozen
class Page:
    """One page of a list, and the cursor of the next."""

    items: tuple[Subscription, ...]
    next: str | None


class Subscriptions:
    """The addresses that the gateway sends notifications to. NotOffered where a server has none."""

    def __init__(self, runner: Runner, new_id: Callable[[], str]) -> None:
        self._runner = runner
        self._new_id = new_id

    def create(
        self,
        *,
        url: str,
        events: Iterable[str] | None = None,
        description: str | None = None,
        secret: str | None = None,
    ) -> Subscription:
        """Have notifications sent to `url`: of the types in `events`, or all.

        Returns the subscription with its `id` and, only this once, the `secret` that the receiver
        verifies with (the one given, `whsec_…`, or the server's). Raises BadRequest where the
        server refuses the address, and OutcomeUnknown if no answer came: look into `list()`
        before creating it again. Contract, section 5.
        """
        return self._runner.run(
            create(url, events, description, secret, idempotency_key=self._new_id())
        )

    def list(self) -> Iterator[Subscription]:
        """Iterate over all subscriptions, page by page. Contract, section 5."""
        cursor: str | None = None
        while True:
            shown = self._runner.run(page(cursor))
            yield from shown.items
            if shown.next is None:
                return
            cursor = shown.next

    def delete(self, subscription_id: str) -> None:
        """End a subscription; NotFound if there is none of that id. Contract, section 5."""
        self._runner.run(delete(subscription_id))


def create(
    url: str,
    events: Iterable[str] | None,
    description: str | None,
    secret: str | None,
    *,
    idempotency_key: str,
) -> Call[Subscription]:
    """The call that creates a subscription; the contract promises no idempotency for it."""
    if isinstance(events, str):
        raise TypeError("events must be a list of event types, not one str")
    given = {
        "url": url,
        "events": None if events is None else list(events),
        "description": description,
        "secret": secret,
    }
    return Call(
        "POST",
        PATH,
        lambda answer: _subscription(json_object(answer), answer),
        feature=FEATURE,
        beyond=True,
        body=strictjson.dumps({key: value for key, value in given.items() if value is not None}),
        headers={"Idempotency-Key": idempotency_key},
        repeat=Repeat.ONCE,
        keys=Keys(idempotency_key),
        unknown_remedy="Look into subscriptions.list() before you create it again.",
    )


def page(cursor: str | None) -> Call[Page]:
    """The call for the page after `cursor`, the first for None."""
    after = "" if cursor is None else f"&after={quote(cursor, safe='')}"

    def read(answer: Answer) -> Page:
        body = json_object(answer)
        items = body.get("items")
        if not isinstance(items, list):
            raise unexpected(answer, "The answer holds no list of subscriptions")
        following = text(body.get("next"))
        if following is not None and following == cursor:
            raise unexpected(answer, "The list of subscriptions goes round in circles")
        return Page(tuple(_subscription(item, answer) for item in items), following)

    return Call("GET", f"{PATH}?limit={PAGE}{after}", read, feature=FEATURE, beyond=True)


def delete(subscription_id: str) -> Call[None]:
    """The call that ends a subscription."""
    return Call(
        "DELETE",
        f"{PATH}{segment('subscription id', subscription_id)}/",
        lambda _answer: None,
        feature=FEATURE,
        beyond=True,
        item=True,
    )


def _subscription(item: object, answer: Answer) -> Subscription:
    fields: Mapping[str, object] = item if isinstance(item, Mapping) else {}
    identifier = text(fields.get("id"))
    if identifier is None:
        raise unexpected(answer, "The answer holds a subscription without an id")
    events = fields.get("events")
    return Subscription(
        id=identifier,
        url=text(fields.get("url")) or "",
        events=tuple(str(one) for one in events) if isinstance(events, list) else (),
        description=text(fields.get("description")),
        enabled=fields.get("enabled") is not False,
        created_at=text(fields.get("created_at")),
        secret=text(fields.get("secret")),
        raw=fields,
    )
