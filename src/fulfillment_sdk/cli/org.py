"""`fulfillment org`: who may file cases, at a running gateway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from fulfillment_sdk.cli.admin_api import AdminApi, Refusal
from fulfillment_sdk.cli.places import json_flag, plain, say_json, settings
from fulfillment_sdk.cli.server_flags import server_flags

STATES = ("pending", "active", "deactivated")

# What is said of an organization after each action.
DONE = {
    "approve": "It may file cases now. Its people get their token with a new code: tell them to"
    " request one.",
    "activate": "Its tokens work again, and what waited for its subscriptions is on its way.",
    "deactivate": "Its tokens and notifications have stopped. What it is owed is kept; to let it"
    " go on: fulfillment org activate {id}",
}
# What to do instead where an organization is in another state.
INSTEAD = {
    "pending": "To let it in: fulfillment org approve {id}",
    "deactivated": "To let it go on: fulfillment org activate {id}",
}


@click.group("org")
def command() -> None:
    """Approve, deactivate and list organizations at a running gateway.

    The commands speak to its administration, with the staff token in its data folder: what they
    do holds at once. On another machine, name it with --url and set FULFILLMENT_STAFF_TOKEN.
    """


@command.command("list")
@click.option("--state", type=click.Choice(STATES), help="Those in one state only.")
@server_flags
@json_flag
def list_command(
    state: str | None, data: str | None, config: Path | None, url: str | None, as_json: bool
) -> None:
    """List organizations with their addresses."""
    api = AdminApi.of(settings(data, config), url)
    found = list(api.entries("organizations/", state=state))
    if as_json:
        say_json(found)
        return
    for one in found:
        click.echo(f"{plain(one['id'])}  {plain(one['state']):<11}  {plain(one['name'])}")
        emails = one.get("emails")
        for email in emails if isinstance(emails, list) else []:
            click.echo(f"{'':36}  {plain(email['role']):<11}  {plain(email['email'])}")
    waiting = [one for one in found if one["state"] == "pending"]
    if not found:
        click.echo(
            "No organization" + (f" is {state}" if state else " has verified an address yet")
        )
    elif waiting:
        click.echo(f"{len(waiting)} waiting. To let one in: fulfillment org approve ID")


def _action(name: str, about: str) -> Callable[..., None]:
    def act(
        organization: str, data: str | None, config: Path | None, url: str | None, as_json: bool
    ) -> None:
        api = AdminApi.of(settings(data, config), url)
        try:
            changed = api.post("organizations", organization, name)
        except Refusal as refusal:
            raise click.ClickException(_why(refusal, organization)) from None
        if as_json:
            say_json(changed)
            return
        click.echo(f"{plain(changed['name'])} is {plain(changed['state'])}")
        click.echo(DONE[name].format(id=organization))

    act.__doc__ = about
    return act


def _why(refusal: Refusal, organization: str) -> str:
    """Say why something can't be done to an organization, and what can."""
    if refusal.status == 404:
        return f"No organization has the id {plain(organization)}\nSee: fulfillment org list"
    if refusal.status == 409:
        state = refusal.said.rpartition(" ")[2]
        instead = INSTEAD.get(state, "See: fulfillment org list").format(id=organization)
        return f"{plain(refusal.said)}\n{instead}"
    return plain(refusal.message)


for _name, _about in {
    "approve": "Let in an organization that waits for approval.",
    "deactivate": "Stop an organization's tokens and notifications at once.",
    "activate": "Let an organization go on that was deactivated.",
}.items():
    command.command(_name)(
        click.argument("organization", metavar="ID")(
            server_flags(json_flag(_action(_name, _about)))
        )
    )
