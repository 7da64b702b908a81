"""`fulfillment restore`: a backup becomes a data folder again."""

from __future__ import annotations

from pathlib import Path

import click

from fulfillment_sdk._extras import needs
from fulfillment_sdk.cli.bars import Bar
from fulfillment_sdk.cli.places import data_flags, json_flag, say_json, settings


@click.command("restore")
@click.argument("backup", metavar="BACKUP", type=click.Path(path_type=Path))
@data_flags
@json_flag
def command(backup: Path, data: str | None, config: Path | None, as_json: bool) -> None:
    """Check the folder BACKUP, and put what is in it into an empty data folder.

    With FULFILLMENT_DATABASE_URL a dump is restored into that database, which must be empty, by
    pg_restore, which must be installed. Nothing is overwritten, and a damaged backup leaves
    nothing behind.
    """
    with needs("receiver"):
        from fulfillment_sdk.server.backup import manifest, restoring
        from fulfillment_sdk.server.configuration import options
    given = settings(data, config)
    folder = given.get(options.DATA)
    bar = Bar()
    restored = restoring.restore(backup, folder, url=given.get(options.DATABASE_URL), progress=bar)
    bar.end()
    absent = restoring.missing(folder, restored, given.values)
    if as_json:
        say_json({"data": str(folder), **restored.as_json(), "missing": list(absent)})
        return
    names = ", ".join(entry.name for entry in restored.files)
    click.echo(f"Restored {names} into {folder}, as of {restored.made_at}")
    if manifest.STORAGE_KEYS in absent:
        keys = f" (id {', '.join(restored.storage_keys)})" if restored.storage_keys else ""
        click.echo(
            f"First put the storage keys{keys} into {folder / manifest.STORAGE_KEYS}, or set"
            " FULFILLMENT_STORAGE_KEYS: without them nothing in it can be read"
        )
    others = [name for name in absent if name != manifest.STORAGE_KEYS]
    if others:
        click.echo(
            f"Not in it: {', '.join(others)}. What is neither put into {folder} nor set is made"
            " anew, and what the old one made ends: partners' tokens with jwt-keys"
        )
