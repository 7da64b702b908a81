"""What a mail looks like: made of templates and disclosed facts, without a network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

import attrs

from fulfillment_sdk.plugins.wording import Template, names_of, one_line
from fulfillment_sdk.relay import Delivery

# Whatever way it goes, no server on it has to know more than ASCII.
_POLICY: Final = SMTP.clone(cte_type="7bit")


@attrs.frozen(kw_only=True)
class Letters:
    """Writes the mails of one sink; `html` is None where there is to be none."""

    sender: Address
    to: Sequence[Address]
    subject: Template
    text: Template
    html: Template | None = None

    def write(self, delivery: Delivery, *, at: float) -> bytes:
        """Return the mail about an event, written at `at` (epoch seconds).

        Its id is the same each time, so that a mailbox can tell a repetition; a case's mails refer
        to one id, so that they are shown together.

        Raises:
            PayloadError: the event can't be read.
            WordingFailed: a template can't be filled in.
        """
        names = names_of(delivery)
        message = EmailMessage(policy=_POLICY)
        message["From"] = self.sender
        message["To"] = tuple(self.to)
        message["Subject"] = one_line(self.subject.fill(names)) or "A case"
        message["Date"] = datetime.fromtimestamp(int(at), UTC)
        message["Message-ID"] = self._id(delivery.destination, "event", delivery.id)
        message["References"] = self._id(delivery.destination, "case", delivery.lane)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.text.fill(names))
        if self.html is not None:
            message.add_alternative(self.html.fill(names), subtype="html")
        return message.as_bytes()

    def _id(self, *parts: str) -> str:
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
        return f"<{digest}@{self.sender.domain}>"
