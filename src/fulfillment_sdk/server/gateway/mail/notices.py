"""Telling an owner by mail that a subscription was disabled (contract, section 4).

What was told is kept with the subscription, so that neither a crash nor a mail server that is down
leaves an owner in the dark. Of several gateways one tells it: the one that has the lease.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity import organizations
from fulfillment_sdk.server.gateway.mail.letters import disabled
from fulfillment_sdk.server.gateway.mail.mailer import MailFailed, MailRefused
from fulfillment_sdk.server.gateway.schema import LEASES
from fulfillment_sdk.server.gateway.subscriptions.fields import BY_HAND, TOLD

EVERY = 600.0
"""Seconds between looks; a subscription that is disabled meanwhile is looked at once."""

LEASE = 300.0
"""Seconds that one gateway has for a mail, before another one sends it."""

_logger = logging.getLogger(__name__)


@attrs.frozen
class Notice:
    """One mail that is due."""

    subscription: Destination
    to: tuple[str, ...] = attrs.field(repr=False)


async def tell_owners(context: Context) -> int:
    """Mail the owners of subscriptions that were disabled and not told of; return how many.

    Raises ``MailFailed`` where the mail server refused; what is left is told the next time. One
    whose address alone is refused keeps nobody else from being told.
    """
    due = await context.store.read(lambda connection: _due(connection, context))
    told = 0
    refused: MailRefused | None = None
    for notice in due:
        if not await context.store.write(partial(_claim, context=context, notice=notice)):
            continue
        try:
            await _send(context, notice)
        except MailFailed as failure:
            await context.store.write(partial(_let_go, context=context, told=notice.subscription))
            if not isinstance(failure, MailRefused):
                raise
            refused = failure
            continue
        await context.store.write(partial(_mark, context=context, told=notice.subscription))
        told += 1
    if refused is not None:
        raise refused
    return told


async def _send(context: Context, notice: Notice) -> None:
    written = disabled(notice.subscription)
    for address in notice.to:
        await context.mailer.send(to=address, subject=written.subject, text=written.text)


async def keep_telling(context: Context, wake: asyncio.Event, *, every: float = EVERY) -> None:
    """Tell owners now, whenever ``wake`` is set, and every so often, until cancelled."""
    while True:
        wake.clear()
        try:
            await tell_owners(context)
        except MailFailed:
            _logger.warning("a mail about a disabled subscription could not be sent; tried again")
        except StoreError as error:
            _logger.warning("disabled subscriptions could not be looked at: %s", error.message)
        except Exception as error:  # noqa: BLE001  nobody else would tell them
            _logger.error("owners are told the next time: %s", type(error).__name__)
        await _wait(wake, every)


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return


def _due(connection: sa.Connection, context: Context) -> list[Notice]:
    return [
        Notice(
            one,
            tuple(
                email.email
                for email in organizations.emails_of(connection, one.owner, context.store.sealer)
                if email.role == "owner"
            ),
        )
        for one in context.relay.list_destinations(connection)
        if _is_due(one)
    ]


def _is_due(one: Destination) -> bool:
    # A deactivated organisation is told nothing, and whoever did it himself knows.
    held = one.disabled_why in (organizations.DETAILS["deactivated"], BY_HAND)
    return not one.enabled and not held and one.settings.get(TOLD) != one.disabled_why


def _claim(connection: sa.Connection, *, context: Context, notice: Notice) -> bool:
    """Take it upon this gateway to send a mail, unless another one does or has done so."""
    name = notice.subscription.name
    mine = LEASES.take(
        connection,
        _lease(name),
        holder=context.name,
        now=context.store.now(connection),
        seconds=LEASE,
    )
    found = context.relay.get_destination(connection, name) if mine else None
    if mine and (found is None or not _is_due(found)):
        _let_go(connection, context=context, told=notice.subscription)
        return False
    return mine


def _let_go(connection: sa.Connection, *, context: Context, told: Destination) -> None:
    LEASES.release(connection, _lease(told.name), holder=context.name)


def _lease(subscription: str) -> str:
    return f"notice:{subscription}"


def _mark(connection: sa.Connection, *, context: Context, told: Destination) -> None:
    """Keep what was told, unless the subscription has changed or gone since."""
    _let_go(connection, context=context, told=told)
    now = context.relay.get_destination(connection, told.name, for_update=True)
    if now is not None and now.disabled_why == told.disabled_why:
        settings = {**now.settings, TOLD: told.disabled_why}
        context.relay.put_destination(connection, attrs.evolve(now, settings=settings))
