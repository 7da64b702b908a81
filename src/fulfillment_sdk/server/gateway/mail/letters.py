"""What the gateway's mails say."""

from __future__ import annotations

from attrs import field, frozen

from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server.gateway.identity.registration import Entitlement
from fulfillment_sdk.server.gateway.subscriptions.fields import BY_ADMIN

_MOST_NAME = 80  # a stranger chooses the name that this mail carries: keep it short


@frozen
class Letter:
    """Subject and text of a mail."""

    subject: str
    text: str = field(repr=False)


_EXPLANATIONS = {
    "not_owner": (
        "This address can't act for that organization: another one registered its name first.\n"
        "Ask its owner to add your address, or register under another name.\n"
    ),
    "not_listed": (
        "That organization is not on the list of those that may register here.\n"
        "Ask the people who run this service to add it.\n"
    ),
}


def letter(entitlement: Entitlement, *, name: str, code: str) -> Letter:
    """Return the mail that answers a request for a code.

    ``name`` is the organisation's, as shown. Only members and founders are told the ``code``.
    Contract, section 1: where the pair is not entitled, the mail explains instead.
    """
    shown = name if len(name) <= _MOST_NAME else name[: _MOST_NAME - 1] + "…"
    if entitlement in ("member", "founder"):
        return Letter(
            "Your verification code",
            f"Your verification code is {code}\n\n"
            "It works once, within ten minutes, and replaces any earlier one.\n"
            f"It was asked for with this address and the organization:\n\n    {shown}\n\n"
            "If that was not you, do nothing: without the code nobody gets in.\n",
        )
    return Letter(
        "Your request for a verification code",
        "Somebody asked for a verification code with this address and the organization:\n\n"
        f"    {shown}\n\n"
        f"{_EXPLANATIONS[entitlement]}\n"
        "If that was not you, do nothing.\n",
    )


def disabled(subscription: Destination) -> Letter:
    """Return the mail that tells an owner of a subscription that gets nothing any more.

    It names the subscription by its id: its URL may be a secret of the partner's.
    """
    about = subscription.settings.get("description")
    return Letter(
        "Your webhook subscription was disabled",
        f"Your webhook subscription {subscription.name} gets no notifications any more.\n\n"
        + (f"    Its description: {about}\n" if about else "")
        + f"    The cause: {subscription.disabled_why}\n\n"
        f"Its events are kept. {_way_back(subscription)}",
    )


def _way_back(subscription: Destination) -> str:
    if subscription.disabled_why == BY_ADMIN:
        return "Ask the people who run this service to enable it again.\n"
    return (
        "Mend the endpoint, then enable the subscription again with\n\n"
        f"    PATCH /api/webhook/webform/subscriptions/{subscription.name}/\n"
        '    {"enabled": true}\n'
    )
