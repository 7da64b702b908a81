"""`fulfillment token`: the tokens that partners hold, at a running gateway."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import jwt

from fulfillment_sdk.cli.admin_api import AdminApi, Refusal
from fulfillment_sdk.cli.places import json_flag, plain, say_json, settings
from fulfillment_sdk.cli.server_flags import server_flags

STATES = ("active", "revoked", "expired")


@click.group("token")
def command() -> None:
    """List and revoke partners' tokens at a running gateway.

    A token itself is kept nowhere; it is known by its id, the claim `jti` in it. The commands
    speak to the gateway's administration, with the staff token in its data folder: what they do
    holds at once. On another machine, name it with --url and set FULFILLMENT_STAFF_TOKEN.
    """


@command.command("list")
@click.option("--org", metavar="ID", help="Those of one organization only.")
@click.option("--state", type=click.Choice(STATES), help="Those in one state only.")
@server_flags
@json_flag
def list_command(
    org: str | None,
    state: str | None,
    data: str | None,
    config: Path | None,
    url: str | None,
    as_json: bool,
) -> None:
    """List the tokens that were issued."""
    api = AdminApi.of(settings(data, config), url)
    found = sorted(
        api.entries("tokens/", organization_id=org, state=state),
        key=lambda one: (str(one["issued_at"]), str(one["jti"])),
    )
    if as_json:
        say_json(found)
        return
    for one in found:
        shown = (one["jti"], one["organization_id"], one["state"], one["issued_at"])
        jti, organization, now, issued_at = map(plain, shown)
        click.echo(f"{jti}  {organization}  {now:<7}  issued {issued_at}")
    if found:
        click.echo("To end one: fulfillment token revoke ID")
    else:
        click.echo("No token" + ("" if org is None and state is None else " of these") + " yet")


@command.command("revoke")
@click.argument("jti", metavar="[ID|-]", required=False)
@click.option("--org", metavar="ID", help="All tokens of this organization instead.")
@server_flags
@json_flag
def revoke_command(
    jti: str | None,
    org: str | None,
    data: str | None,
    config: Path | None,
    url: str | None,
    as_json: bool,
) -> None:
    """End one token by its id, or all of an organization's, at once.

    With `-` the token itself is read from standard input, where it is in no list of processes. The
    organization may obtain a new one by a code, as it did before: `fulfillment org
    deactivate` shuts it out.
    """
    if (jti is None) is (org is None):
        raise click.UsageError("Name one token by its id, or with --org the organization.")
    if jti == "-":
        jti = _id_in(sys.stdin.read())
    api = AdminApi.of(settings(data, config), url)
    try:
        if jti is not None:
            answer = api.post("tokens", jti, "revoke")
        else:
            answer = api.post("organizations", str(org), "tokens", "revoke")
    except Refusal as refusal:
        raise click.ClickException(_why(refusal, jti, org)) from None
    if as_json:
        say_json(answer)
    elif jti is not None:
        click.echo(f"The token is revoked since {plain(answer['revoked_at'])}")
    else:
        click.echo(f"Revoked: {plain(answer['revoked'])}. Its people get a new one with a code")


def _id_in(token: str) -> str:
    """Return the id that a token carries; whether it is genuine, the gateway's list tells."""
    try:
        claims = jwt.decode(token.strip(), options={"verify_signature": False})
    except jwt.PyJWTError:
        claims = {}
    found = claims.get("jti")
    if not isinstance(found, str) or not found:
        raise click.ClickException(
            "What was read is no token\nGive it as the partner sends it, without `Bearer`."
        )
    return found


def _why(refusal: Refusal, jti: str | None, org: str | None) -> str:
    if refusal.status != 404:
        return plain(refusal.message)
    if org is not None:
        return f"No organization has the id {plain(org)}\nSee: fulfillment org list"
    return f"No token has the id {plain(jti)}\nSee: fulfillment token list"
