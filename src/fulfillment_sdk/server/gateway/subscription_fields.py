"""The fields of a subscription as a partner sends them (contract, section 5)."""

from __future__ import annotations

import re

from attrs import evolve, field, frozen

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server.gateway import answers, endpoint_url
from fulfillment_sdk.server.gateway.answers import Refused

BY_HAND = "disabled by its owner"
"""Why a subscription gets nothing whose owner said so."""

TOLD = "told"
"""Among a subscription's settings: of which disabling its owner was told by mail."""

_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", re.ASCII)
_MOST_EVENTS = 20
_LONGEST_TYPE = 100
_LONGEST_DESCRIPTION = 500


@frozen
class Wanted:
    """What a partner asked for; ``secret`` is ``None`` where it left that to the gateway."""

    url: str
    events: tuple[str, ...]
    description: str
    secret: str | None = field(repr=False)


@frozen
class Changes:
    """What a partner wants changed; ``None`` leaves a thing as it is."""

    url: str | None
    events: tuple[str, ...] | None
    description: str | None
    enabled: bool | None

    def of(self, destination: Destination) -> Destination:
        """Return the destination as it is to be."""
        given = {"url": self.url, "description": self.description}
        settings = {
            **destination.settings,
            **{key: value for key, value in given.items() if value is not None},
        }
        enabled = destination.enabled if self.enabled is None else self.enabled
        why = BY_HAND if destination.enabled else destination.disabled_why
        if enabled:
            settings.pop(TOLD, None)  # when it is disabled anew, its owner is told anew
        return evolve(
            destination,
            settings=settings,
            types=destination.types if self.events is None else self.events,
            enabled=enabled,
            disabled_why="" if enabled else why,
        )


def read_changes(body: dict[str, object], *, dev: bool) -> Changes:
    """Read what a partner wants changed.

    Raises ``Refused`` with the 400 that names the first field that can't be used.
    """
    enabled = body.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        raise Refused(answers.invalid("enabled"))
    return Changes(
        url=None if body.get("url") is None else _url(body["url"], dev=dev),
        events=_events(body["events"]) if "events" in body else None,
        description=_description(body["description"]) if "description" in body else None,
        enabled=enabled,
    )


def read_wanted(body: dict[str, object], *, dev: bool) -> Wanted:
    """Read what a partner asks for.

    Raises ``Refused`` with the 400 that names the first field that is missing or can't be used.
    """
    if body.get("url") in (None, ""):
        raise Refused(answers.missing("url"))
    return Wanted(
        _url(body["url"], dev=dev),
        _events(body.get("events")),
        _description(body.get("description")),
        _secret(body.get("secret")),
    )


def _url(value: object, *, dev: bool) -> str:
    if not isinstance(value, str) or not endpoint_url.is_allowed(value, dev=dev):
        raise Refused(answers.invalid("url"))
    return value


def _description(value: object) -> str:
    value = "" if value is None else value
    if not isinstance(value, str) or len(value) > _LONGEST_DESCRIPTION:
        raise Refused(answers.invalid("description"))
    return value


def _events(value: object) -> tuple[str, ...]:
    """The event types that are wanted, known to us or not; none means all."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _MOST_EVENTS:
        raise Refused(answers.invalid("events"))
    types: list[str] = []
    for index, one in enumerate(value):
        if not isinstance(one, str) or len(one) > _LONGEST_TYPE or not _EVENT_TYPE.fullmatch(one):
            raise Refused(answers.invalid(f"events[{index}]"))
        types.append(one)
    return tuple(dict.fromkeys(types))


def _secret(value: object) -> str | None:
    if value is None:
        return None
    try:
        return signing.check_secret(value if isinstance(value, str) else "")
    except ConfigurationError:
        raise Refused(answers.invalid("secret")) from None
