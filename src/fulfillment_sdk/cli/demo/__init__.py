"""`fulfillment demo`: one case through the whole loop, on this machine alone."""

from __future__ import annotations

import click

from fulfillment_sdk._extras import needs


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the server running, and say where it is.")
@click.pass_context
def command(ctx: click.Context, keep: bool) -> None:
    """Watch one case run through the whole loop on this machine.

    Starts a server with --dev on a free port in a temporary folder, verifies an e-mail address,
    creates a case, and drives it to its completion, while a plugin in a receiver gets every
    notification. Ends with status 0 only if all of them arrived, once each, in order.
    """
    with needs("server"):
        from fulfillment_sdk.cli.demo import story
    ctx.exit(story.tell(keep=keep))
