"""The Fulfillment Portal of the documents: partners' only peer, between them and the portal.

It lets organisations in by mail, hands their cases on to the portal exactly once each, and passes
the portal's notifications on to their subscriptions.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from fulfillment_sdk.plugins.smtp import SmtpServer
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.gateway.context import Context, Ids, new_code, new_id
from fulfillment_sdk.server.gateway.gateway import Gateway
from fulfillment_sdk.server.gateway.identity.digests import Digests
from fulfillment_sdk.server.gateway.identity.limits import HOUR
from fulfillment_sdk.server.gateway.identity.registration import Rules
from fulfillment_sdk.server.gateway.identity.tokens import TokenKeys
from fulfillment_sdk.server.gateway.mail.mailer import Mailbox, Mailer, SmtpMailer
from fulfillment_sdk.server.gateway.traffic import Traffic
from fulfillment_sdk.server.windows import Windows

__all__ = ["Gateway", "create_gateway"]

_LEGACY_FAILURES = 20


def create_gateway(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ids: Ids = new_id,
    codes: Callable[[], str] = new_code,
    mailer: Mailer | None = None,
) -> Gateway:
    """Build the gateway; it opens nothing before ``start``.

    ``settings`` are resolved: keys, secrets and addresses are there. ``clock`` gives epoch seconds,
    ``mailer`` replaces what the settings name. Raises ``ConfigurationError`` for keys or a mail
    server's URL that can't be used.
    """
    outgoing = mailer or _smtp(settings, clock)
    mailbox = Mailbox(clock=clock, relay_to=outgoing) if settings.dev else None
    return Gateway(
        Context(
            settings=settings,
            clock=clock,
            sleep=sleep,
            ids=ids,
            codes=codes,
            rules=Rules.of(settings.registration, settings.registration_list),
            token_keys=TokenKeys(settings.jwt_keys),
            digests=Digests(*(key for _, key in settings.storage_keys)),
            mailer=mailbox or outgoing or Mailbox(clock=clock),
            mailbox=mailbox,
            case_limit=Windows(settings.case_rate, seconds=60.0),
            traffic=Traffic.of(settings.call_rate, dev=settings.dev),
            legacy_limit=Windows(_LEGACY_FAILURES, seconds=HOUR),
        )
    )


def _smtp(settings: Settings, clock: Callable[[], float]) -> Mailer | None:
    if settings.smtp_url is None:
        return None
    server = SmtpServer.of(settings.smtp_url)
    sender = settings.mail_from or f"fulfillment@{server.host}"
    return SmtpMailer(server, sender=sender, clock=clock)
