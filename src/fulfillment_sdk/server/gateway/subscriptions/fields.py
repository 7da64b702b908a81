"""The fields of a subscription as a partner sends them (contract, section 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import evolve, field, frozen

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.events.notifications import STATUS
from fulfillment_sdk.server.gateway.subscriptions import endpoint_url
from fulfillment_sdk.strictjson import FloatText

BY_HAND = "disabled by its owner"
"""Why a subscription gets nothing whose owner said so."""

BY_ADMIN = "disabled by an administrator"
"""Why a subscription gets nothing that only an administrator enables again."""

TOLD = "told"
"""Among a subscription's settings: of which disabling its owner was told by mail."""

_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", re.ASCII)
_STATUS = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_MOST_FILTERS = 20
_LONGEST_FILTER = 100
_LONGEST_DESCRIPTION = 500


@frozen
class Wanted:
    """What a partner asked for; ``secret`` is ``None`` where it left that to the gateway."""

    url: str
    events: tuple[str, ...]
    statuses: tuple[str, ...]
    description: str
    secret: str | None = field(repr=False)


@frozen
class Changes:
    """What a partner wants changed; ``None`` leaves a thing as it is."""

    url: str | None
    events: tuple[str, ...] | None
    statuses: tuple[str, ...] | None
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
            only=destination.only if self.statuses is None else only(self.statuses),
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
        statuses=_statuses(body["statuses"]) if "statuses" in body else None,
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
        _statuses(body.get("statuses")),
        _description(body.get("description")),
        read_secret(body),
    )


def only(statuses: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the labels that a destination goes by which wants these statuses; none means all."""
    return {STATUS: tuple(statuses)} if statuses else {}


def _url(value: object, *, dev: bool) -> str:
    if not isinstance(value, str) or not endpoint_url.is_allowed(value, dev=dev):
        raise Refused(answers.invalid("url"))
    return value


def _description(value: object) -> str:
    value = "" if value is None else value
    # A number with a fraction is read as its text, and would be shown as a number again.
    text = isinstance(value, str) and not isinstance(value, FloatText)
    if not text or len(str(value)) > _LONGEST_DESCRIPTION:
        raise Refused(answers.invalid("description"))
    return str(value)


def _events(value: object) -> tuple[str, ...]:
    """The event types that are wanted, known to us or not; none means all."""
    return _filter("events", value, _EVENT_TYPE)


def _statuses(value: object) -> tuple[str, ...]:
    """The statuses whose events are wanted, known to us or not; none means all."""
    return _filter("statuses", value, _STATUS)


def _filter(name: str, value: object, form: re.Pattern[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _MOST_FILTERS:
        raise Refused(answers.invalid(name))
    for index, one in enumerate(value):
        if not isinstance(one, str) or len(one) > _LONGEST_FILTER or not form.fullmatch(one):
            raise Refused(answers.invalid(f"{name}[{index}]"))
    return tuple(dict.fromkeys(value))


def read_secret(body: Mapping[str, object]) -> str | None:
    """Read the secret that a partner brings along, ``None`` where it leaves that to the gateway.

    Raises ``Refused`` with the 400 for one that can't sign.
    """
    value = body.get("secret")
    if value is None:
        return None
    try:
        return signing.check_secret(value if isinstance(value, str) else "")
    except ConfigurationError:
        raise Refused(answers.invalid("secret")) from None
