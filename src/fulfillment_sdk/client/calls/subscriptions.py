"""The calls of `client.subscriptions`, as values (contract, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, TypeVar

import attrs

from fulfillment_sdk import strictjson
from fulfillment_sdk.client.calls.answers import json_object, nothing, text, unexpected
from fulfillment_sdk.client.calls.call import (
    WEBFORM,
    Answer,
    Call,
    Keys,
    KnownWords,
    Repeat,
    query,
    segment,
)
from fulfillment_sdk.client.calls.moments import moment
from fulfillment_sdk.client.calls.reading import read_model
from fulfillment_sdk.client.paging import Page, page_size, read_page
from fulfillment_sdk.errors import BadRequest, Conflict
from fulfillment_sdk.models import Delivery, RotatedSecret, Subscription

T = TypeVar("T")

FEATURE: Final = "subscriptions"
PATH: Final = f"{WEBFORM}subscriptions/"
KNOWN: Final = (
    KnownWords(
        400,
        "field: url",
        BadRequest,
        "Give an https URL, its host a name or a public address, without user and fragment; http "
        "and this machine are for servers that run with --dev.",
    ),
    KnownWords(
        400,
        "field: secret",
        BadRequest,
        "Give whsec_ and the base64 of 24 to 64 random bytes, or none: one is then made.",
    ),
    KnownWords(
        409,
        "subscription limit",
        Conflict,
        "Delete one that is no longer needed, or ask the gateway's operator for more.",
    ),
    KnownWords(
        409,
        "disabled by an administrator",
        Conflict,
        "Ask the gateway's administrator to enable it.",
    ),
    KnownWords(409, "is disabled", Conflict, "Enable it first: update(…, enabled=True)."),
)


def _names(field: str, values: Iterable[str] | None) -> list[str] | None:
    if isinstance(values, str):
        raise TypeError(f"{field} must be a list, not one str")
    return None if values is None else [str(value) for value in values]


@attrs.frozen
class Fields:
    """What is given of a subscription; None is not sent."""

    url: str | None = attrs.field(default=None, repr=False)
    events: Iterable[str] | None = None
    statuses: Iterable[str] | None = None
    description: str | None = None
    enabled: bool | None = None
    secret: str | None = attrs.field(default=None, repr=False)

    def written(self) -> dict[str, object]:
        """The fields that are given; TypeError for a text where a list belongs."""
        fields = {
            "url": self.url,
            "events": _names("events", self.events),
            "statuses": _names("statuses", self.statuses),
            "description": self.description,
            "enabled": self.enabled,
            "secret": self.secret,
        }
        return {name: value for name, value in fields.items() if value is not None}


def create(fields: Fields, *, idempotency_key: str) -> Call[Subscription]:
    """The call that creates a subscription; the contract promises no idempotency for it."""
    return Call(
        "POST",
        PATH,
        _read_one,
        feature=FEATURE,
        beyond=True,
        body=strictjson.dumps(fields.written()),
        headers={"Idempotency-Key": idempotency_key},
        repeat=Repeat.ONCE,
        known=KNOWN,
        keys=Keys(idempotency_key),
        unknown_remedy="Look into subscriptions.list() before you create it again.",
    )


def page(cursor: str | None, size: int) -> Call[Page[Subscription]]:
    """The call for the page after `cursor`, the first for None."""
    return Call(
        "GET",
        PATH + query(limit=page_size(size), after=cursor),
        lambda answer: read_page(answer, Subscription, what="subscription"),
        feature=FEATURE,
        beyond=True,
    )


def show(subscription_id: str) -> Call[Subscription]:
    """The call that shows a subscription."""
    return _about("GET", subscription_id, "", _read_one)


def update(subscription_id: str, fields: Fields) -> Call[Subscription]:
    """The call that changes a subscription; TypeError where nothing is given."""
    if not (changes := fields.written()):
        raise TypeError("update() needs something to change")
    return _about("PATCH", subscription_id, "", _read_one, body=changes)


def delete(subscription_id: str) -> Call[None]:
    """The call that ends a subscription."""
    return _about("DELETE", subscription_id, "", nothing)


def rotate(subscription_id: str, secret: str) -> Call[RotatedSecret]:
    """The call that has `secret` sign; once it is the newest, a repetition changes nothing."""

    def read(answer: Answer) -> RotatedSecret:
        return read_model(RotatedSecret, json_object(answer), answer, what="secret")

    return _about("POST", subscription_id, "rotate-secret/", read, body={"secret": secret})


def test(subscription_id: str) -> Call[str]:
    """The call that sends a test event; a second one hurts nobody."""

    def read(answer: Answer) -> str:
        if (event_id := text(json_object(answer).get("event_id"))) is None:
            raise unexpected(answer, "The answer holds no event's id")
        return event_id

    return _about("POST", subscription_id, "test/", read)


def deliveries(
    subscription_id: str,
    state: str | None,
    since: datetime | str | None,
    cursor: str | None,
    size: int,
) -> Call[Page[Delivery]]:
    """The call for a page of what became of a subscription's events."""
    asked = query(
        limit=page_size(size),
        state=state,
        since=None if since is None else moment("since", since),
        after=cursor,
    )
    return _about(
        "GET",
        subscription_id,
        f"deliveries/{asked}",
        lambda answer: read_page(answer, Delivery, what="delivery"),
    )


def replay(delivery_id: str) -> Call[None]:
    """The call that sends one event once more; it keeps its id, so a repetition is harmless."""

    def read(answer: Answer) -> None:
        json_object(answer)

    return Call(
        "POST",
        f"{WEBFORM}deliveries/{segment('delivery id', delivery_id)}/replay/",
        read,
        feature=FEATURE,
        beyond=True,
        item=True,
    )


def recover(subscription_id: str, since: datetime | str, *, everything: bool) -> Call[int]:
    """The call that sends again what was given up; a receiver tells a repetition by its id."""

    def read(answer: Answer) -> int:
        replayed = json_object(answer).get("replayed")
        if not isinstance(replayed, int) or isinstance(replayed, bool):
            raise unexpected(answer, "The answer doesn't say how many events were sent again")
        return replayed

    body: dict[str, object] = {"since": moment("since", since)}
    if everything:
        body["all"] = True
    return _about("POST", subscription_id, "recover/", read, body=body)


def _about(
    method: str,
    subscription_id: str,
    rest: str,
    read: Callable[[Answer], T],
    *,
    body: dict[str, Any] | None = None,
) -> Call[T]:
    return Call(
        method,
        f"{PATH}{segment('subscription id', subscription_id)}/{rest}",
        read,
        feature=FEATURE,
        beyond=True,
        item=True,
        known=KNOWN,
        body=None if body is None else strictjson.dumps(body),
    )


def _read_one(answer: Answer) -> Subscription:
    return read_model(Subscription, json_object(answer), answer, what="subscription")
