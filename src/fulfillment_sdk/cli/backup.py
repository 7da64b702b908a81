"""`fulfillment backup`: a copy of what a server or a receiver keeps, while it runs."""

from __future__ import annotations

import time
from pathlib import Path

import click

from fulfillment_sdk._extras import needs
from fulfillment_sdk.cli.bars import Bar, size
from fulfillment_sdk.cli.places import data_flags, json_flag, say_json, settings


@click.command("backup")
@click.argument("target", metavar="TARGET", type=click.Path(path_type=Path))
@data_flags
@click.option("--with-secrets", is_flag=True, help="Also the keys and secrets in the data folder.")
@json_flag
def command(
    target: Path, data: str | None, config: Path | None, with_secrets: bool, as_json: bool
) -> None:
    """Back up a data folder to the new folder TARGET, while its server or receiver runs.

    Gateway and portal are copied as they were at one moment. The copy is checked, and there under
    its name only once it is whole. With FULFILLMENT_DATABASE_URL the database is dumped by
    pg_dump, which must be installed.

    Keys and secrets stay out of it: without the storage keys a backup can't be read, so keep them,
    and elsewhere. `fulfillment restore` puts a backup back.
    """
    with needs("receiver"):
        from fulfillment_sdk.server.backup import making
        from fulfillment_sdk.server.configuration import options
    given = settings(data, config)
    source = making.find(
        given.get(options.DATA),
        given.get(options.DATABASE_URL),
        [key_id for key_id, _ in given.get(options.STORAGE_KEYS)],
    )
    bar = Bar()
    made = making.make(source, target, with_secrets=with_secrets, now=time.time(), progress=bar)
    bar.end()
    without = making.left_out(source, made)
    if as_json:
        say_json({"path": str(target), **made.as_json(), "left_out": list(without)})
        return
    for entry in made.files:
        click.echo(f"{entry.name}  {size(entry.size)}")
    click.echo(f"Backed up to {target}, as it was at {made.made_at}")
    if made.secrets:
        click.echo(f"It holds secrets ({', '.join(made.secrets)}): who has it can read everything")
    if without:
        click.echo(f"Not in it, keep them elsewhere: {', '.join(without)}")
    elif not made.secrets:
        click.echo("Keys and secrets are not in it: they are not in the data folder either")
