"""``GET /dev/mailbox/``: what would have been mailed, with ``--dev`` only (contract, section 7)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway.mail.mailer import Mailbox
from fulfillment_sdk.times import format_time


def routes(mailbox: Mailbox) -> list[Route]:
    """Return the mailbox's routes: ``?to=ADDRESS`` picks the mails to one address."""

    async def show(request: Request) -> Response:
        mails = mailbox.mails(request.query_params.get("to"))
        return http.json_response(
            [
                {
                    "to": mail.to,
                    "subject": mail.subject,
                    "text": mail.text,
                    "sent_at": format_time(mail.sent_at),
                }
                for mail in mails
            ],
            headers={"Cache-Control": "no-store"},
        )

    return http.with_and_without_slash("/mailbox/", show, ["GET"], "dev-mailbox")
