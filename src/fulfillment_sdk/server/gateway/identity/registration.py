"""Who may have a code for which organisation (contract, section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from fulfillment_sdk.server.configuration.settings import Registration
from fulfillment_sdk.server.gateway.identity.names import email_domain, name_key

Entitlement = Literal["member", "founder", "not_owner", "not_listed"]
"""``member`` and ``founder`` may have a code: the address is known to the organisation, or there is
none of that name yet and it would be the first. The others get a mail that explains."""


@frozen
class Rules:
    """Which organisations may register, and in which state they begin.

    ``listed`` holds names and domains (``registration`` = ``list``): a name as it compares, a
    domain as ``@example.org`` or ``example.org``. One that matches is enough.
    """

    registration: Registration
    listed: frozenset[str]

    @classmethod
    def of(cls, registration: Registration, entries: Sequence[str]) -> Rules:
        """Return the rules that the settings name."""
        return cls(registration, frozenset(name_key(entry).removeprefix("@") for entry in entries))

    @property
    def first_state(self) -> Literal["pending", "active"]:
        """The state of an organisation that was just registered."""
        return "pending" if self.registration == "approval" else "active"

    def may_register(self, email: str, key: str) -> bool:
        """Say whether an address may register a name that nobody owns; both are normalised."""
        return self.registration != "list" or bool({key, email_domain(email)} & self.listed)


def entitlement(rules: Rules, email: str, key: str, known: Sequence[str] | None) -> Entitlement:
    """Decide whether an address may have a code for a name.

    ``known`` are the organisation's addresses, as far as they may be this one, ``None`` where there
    is no such organisation; all texts are normalised. Contract, section 1: the first verified
    e-mail owns the name, its owner can add further addresses, no other mailbox ever obtains a
    token.
    """
    if known is not None:
        return "member" if email in known else "not_owner"
    return "founder" if rules.may_register(email, key) else "not_listed"
