"""`client.emails`: the addresses that may act for the organization (contract, section 1)."""

from __future__ import annotations

from typing import Final

from fulfillment_sdk import strictjson
from fulfillment_sdk.client.calls.answers import json_object, nothing
from fulfillment_sdk.client.calls.call import (
    WEBFORM,
    Answer,
    Call,
    KnownWords,
    Runner,
    query,
    segment,
)
from fulfillment_sdk.client.calls.reading import read_model
from fulfillment_sdk.client.paging import LARGEST, Page, Pager, page_size, read_page
from fulfillment_sdk.errors import Forbidden
from fulfillment_sdk.models import OrganizationEmail

FEATURE: Final = "emails"
PATH: Final = f"{WEBFORM}emails/"
KNOWN: Final = (
    KnownWords(
        403,
        "first address",
        Forbidden,
        "Use a token of the organization's first address: it alone decides who else acts.",
    ),
)


class Emails:
    """Who may obtain tokens; for a token of the organization's first address alone.

    Forbidden with any other, NotOffered where a server has none.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def list(self, *, page_size: int = LARGEST) -> Pager[OrganizationEmail]:
        """Iterate over the addresses, the oldest first, page by page. Contract, section 1."""
        return Pager(self._runner, lambda cursor: page(cursor, page_size))

    def add(self, email: str) -> OrganizationEmail:
        """Let another mailbox obtain tokens for the organization, which may be repeated.

        Raises InvalidField for what is no address, and Conflict where there are a hundred.
        Contract, section 1.
        """
        return self._runner.run(add(email))

    def remove(self, email_id: str) -> None:
        """Remove an address by its `id`, and end its tokens at once.

        Raises NotFound, and Conflict for the owner's own. Contract, section 1.
        """
        self._runner.run(remove(email_id))


def page(cursor: str | None, size: int) -> Call[Page[OrganizationEmail]]:
    """The call for the page of addresses after `cursor`, the first for None."""
    return Call(
        "GET",
        PATH + query(limit=page_size(size), after=cursor),
        lambda answer: read_page(answer, OrganizationEmail, what="address"),
        feature=FEATURE,
        beyond=True,
        known=KNOWN,
    )


def add(email: str) -> Call[OrganizationEmail]:
    """The call that adds an address; one that is there already stays as it is."""

    def read(answer: Answer) -> OrganizationEmail:
        return read_model(OrganizationEmail, json_object(answer), answer, what="address")

    return Call(
        "POST",
        PATH,
        read,
        feature=FEATURE,
        beyond=True,
        known=KNOWN,
        body=strictjson.dumps({"email": email}),
    )


def remove(email_id: str) -> Call[None]:
    """The call that removes an address."""
    return Call(
        "DELETE",
        f"{PATH}{segment('email id', email_id)}/",
        nothing,
        feature=FEATURE,
        beyond=True,
        item=True,
        known=KNOWN,
    )
