"""The steps from an e-mail address to a token, each in one transaction (contract, section 1)."""

from __future__ import annotations

import secrets
from typing import Literal

import sqlalchemy as sa
from attrs import field, frozen

from fulfillment_sdk.server.coordination import locks
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity import codes, issued, limits, organizations
from fulfillment_sdk.server.gateway.identity.names import display_name, name_key
from fulfillment_sdk.server.gateway.identity.organizations import Email, Organization
from fulfillment_sdk.server.gateway.identity.registration import Entitlement, entitlement
from fulfillment_sdk.server.gateway.identity.tokens import Claims
from fulfillment_sdk.server.gateway.mail.letters import Letter, letter


@frozen
class Pair:
    """An e-mail address and an organisation's name, normalised; ``name`` is the one to show."""

    email: str = field(repr=False)
    key: str = field(repr=False)
    name: str = field(repr=False)

    @classmethod
    def of(cls, email: str, organization_name: str) -> Pair:
        """Return the pair of a normalised address and a name as it was given."""
        return cls(email, name_key(organization_name), display_name(organization_name))


@frozen
class Prepared:
    """A mail that is to be sent, and what to take back if that fails."""

    letter: Letter
    mail_id: str
    pair: str
    code: bytes = field(repr=False)
    expires_at: float


@frozen
class TooMany:
    """A limit is reached for so many seconds."""

    retry_after: int


@frozen
class Refusal:
    """A code that leads to no token: a word for the answer, with the seconds to wait if any."""

    why: Literal["none", "exhausted", "expired", "wrong", "pending", "deactivated"]
    retry_after: int = 0


@frozen
class Grant:
    """What a right code leads to: the claims of a token, which was recorded as issued."""

    claims: Claims


def prepare(
    connection: sa.Connection, context: Context, pair: Pair, *, caller: str
) -> Prepared | TooMany:
    """Count the mail, make a code, keep its hash, and write the mail.

    Whoever asks, the same rows are written: for a pair that is not entitled, the hash is that of
    a code that nobody knows, so that all further answers are those of a wrong code.
    """
    now = context.clock()
    mail_id = context.ids("mail")
    by_email, by_address = context.digests.email(pair.email), context.digests.address(caller)
    # What is counted first must not be counted by two at once.
    locks.hold(connection, f"gateway mails {by_email}", f"gateway mails {by_address}")
    wait = limits.count_mail(
        connection,
        mail_id=mail_id,
        email=by_email,
        address=by_address,
        limits=context.settings.code_limits,
        now=now,
    )
    if wait is not None:
        return TooMany(wait)
    verdict = _entitlement(connection, context, pair)
    entitled = verdict in ("member", "founder")
    digest = context.digests.pair(pair.email, pair.key)
    code = context.codes()
    kept = context.digests.code(digest, code if entitled else secrets.token_hex(32))
    codes.issue(connection, digest, kept, now)
    written = letter(verdict, name=pair.name, code=code)
    return Prepared(written, mail_id, digest, kept, now + codes.LIFETIME)


def take_back(connection: sa.Connection, prepared: Prepared) -> None:
    """Undo what ``prepare`` counted and kept, since its mail could not be sent."""
    limits.forget_mail(connection, prepared.mail_id)
    codes.withdraw(connection, prepared.pair, prepared.code)


def redeem(connection: sa.Connection, context: Context, pair: Pair, code: str) -> Grant | Refusal:
    """Take a code: count a wrong one, use up a right one, register the organisation if it is new.

    A right code counts as a wrong one if somebody else has registered the name meanwhile.
    """
    now = context.clock()
    digest = context.digests.pair(pair.email, pair.key)
    pending = codes.find(connection, digest)
    verdict = codes.judge(pending, context.digests.code(digest, code), now)
    if verdict == "exhausted" and pending is not None:
        return Refusal(verdict, codes.retry_after(pending, now))
    if verdict in ("none", "exhausted", "expired"):
        return Refusal(verdict)
    found = _member(connection, context, pair, now) if verdict == "right" else None
    if found is None:
        codes.count_try(connection, digest)
        return Refusal("wrong")
    codes.use_up(connection, digest)
    return _grant(connection, context, *found)


def legacy(connection: sa.Connection, context: Context, pair: Pair) -> Grant | None:
    """Return a token without a code, or ``None``: name and e-mail match no active organisation.

    With ``--dev`` a name that nobody owns is registered and active at once. Contract, section 1.
    """
    now = context.clock()
    is_free = organizations.find(connection, pair.key) is None
    found = None
    if is_free and context.settings.dev:
        found = _found(connection, context, pair, "active", now)
    if found is None:  # or somebody has registered it this moment, perhaps with the same address
        found = _known(connection, context, pair)
    granted = None if found is None else _grant(connection, context, *found)
    return granted if isinstance(granted, Grant) else None


def _entitlement(connection: sa.Connection, context: Context, pair: Pair) -> Entitlement:
    organization = organizations.find(connection, pair.key)
    # Looked for also in an organisation that is not there: the answer must take the same time.
    found = _email_of(connection, context, "" if organization is None else organization.id, pair)
    known = None if organization is None else [] if found is None else [found.email]
    return entitlement(context.rules, pair.email, pair.key, known)


def _member(
    connection: sa.Connection, context: Context, pair: Pair, now: float
) -> tuple[Organization, Email] | None:
    """The organisation and the address that acts for it; registered here if the name is free."""
    if organizations.find(connection, pair.key) is not None:
        return _known(connection, context, pair)
    if not context.rules.may_register(pair.email, pair.key):
        return None
    return _found(connection, context, pair, context.rules.first_state, now)


def _known(
    connection: sa.Connection, context: Context, pair: Pair
) -> tuple[Organization, Email] | None:
    organization = organizations.find(connection, pair.key)
    if organization is None:
        return None
    # Kept: were the address removed at this moment, its new token would not be revoked with it.
    email = _email_of(connection, context, organization.id, pair, keep=True)
    return None if email is None else (organization, email)


def _found(
    connection: sa.Connection,
    context: Context,
    pair: Pair,
    state: organizations.State,
    now: float,
) -> tuple[Organization, Email] | None:
    organization = Organization(context.ids(""), pair.name, pair.key, state, now, now)
    if not organizations.create(connection, organization):
        return None
    email = Email(context.ids("eml"), organization.id, "owner", pair.email, now)
    digest = context.digests.member(organization.id, pair.email)
    organizations.add_email(connection, email, context.store.sealer, digest=digest)
    return organization, email


def _email_of(
    connection: sa.Connection,
    context: Context,
    organization_id: str,
    pair: Pair,
    *,
    keep: bool = False,
) -> Email | None:
    return organizations.find_email(
        connection,
        organization_id,
        pair.email,
        digests=context.digests.member_by_any_key(organization_id, pair.email),
        sealer=context.store.sealer,
        keep=keep,
    )


def _grant(
    connection: sa.Connection, context: Context, organization: Organization, email: Email
) -> Grant | Refusal:
    if organization.state == "deactivated":
        return Refusal("deactivated")
    if organization.state != "active":
        return Refusal("pending")
    claims = Claims.new(
        organization_id=organization.id,
        organization_name=organization.name,
        jti=context.ids(""),
        now=context.clock(),
    )
    issued.record(connection, claims, email_id=email.id)
    return Grant(claims)
