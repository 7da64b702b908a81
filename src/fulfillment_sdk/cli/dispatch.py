"""`fulfillment dispatch`: passes on what a receiver has stored, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import sys
import tomllib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fulfillment_sdk.cli.group import needs
from fulfillment_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from fulfillment_sdk.receiver.database import Database
    from fulfillment_sdk.receiver.outlets import Outlets


_ENDINGS = (signal.SIGTERM, signal.SIGINT)


class Seconds(click.FloatRange):
    """A number of seconds that passes: `nan` and `inf` are numbers to Python."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it as the command line has it."""
        seconds = float(super().convert(value, param, ctx))
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


@click.command("dispatch")
@click.argument("data", metavar="DATA")
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="MODULE[:OBJECT]",
    help="A plugin beside the installed ones; may be given several times.",
)
@click.option(
    "--sink",
    "sinks",
    multiple=True,
    metavar="NAME={…}",
    help='A sink, as a line of TOML: \'audit = {kind = "jsonl", path = "audit.jsonl"}\'.',
)
@click.option(
    "--grace",
    type=Seconds(min=0),
    default=5.0,
    show_default=True,
    help="Seconds that deliveries in hand get when it ends.",
)
def command(data: str, plugins: Sequence[str], sinks: Sequence[str], grace: float) -> None:
    """Pass on what a receiver has stored in DATA: its folder, or the URL of its database.

    Give it the plugins and sinks that the receiver has: what is for another one waits. Of an SQLite
    database one process dispatches at a time, and a second one waits for its turn; of a PostgreSQL
    database any number do. SIGTERM or Ctrl-C ends it, with status 0, once what is in hand is
    delivered or handed back; a second one ends it at once, and what is in hand goes out again.
    """
    _configure_logs()
    found = read_sinks(sinks)
    loaded = [load_plugin(path) for path in plugins]
    with needs("receiver"):
        from fulfillment_sdk.receiver.database import Database
        from fulfillment_sdk.receiver.outlets import Outlets
        from fulfillment_sdk.relay import RetryPolicy

        check_data(data)
        outlets = Outlets.of(loaded, found, RetryPolicy(), load_entry_points=True)
        database = Database.of(data)
    asyncio.run(_dispatch(database, outlets, grace))


def load_plugin(path: str) -> object:
    """Import the plugin that `module` or `module:object` names, also from the current folder.

    Raises:
        ConfigurationError: there is none, or its module can't be imported.
    """
    module, _, name = path.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = import_module(module)
        for part in filter(None, name.split(".")):
            found = getattr(found, part)
    except Exception as error:
        # Words of other errors may hold what the module was set up with.
        told = isinstance(error, ImportError | AttributeError | SyntaxError)
        raise ConfigurationError(
            f"The plugin {path} can't be loaded: {error if told else type(error).__name__}",
            remedy="Write --plugin module:object, and run this where Python finds the module.",
        ) from error
    return found


def read_sinks(lines: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
    """Read `name = {…}`, one sink a line.

    Raises:
        ConfigurationError: a line is no TOML, or no table.
    """
    found: dict[str, Mapping[str, object]] = {}
    for line in lines:
        try:
            read = tomllib.loads(line)
        except tomllib.TOMLDecodeError as error:
            raise _no_sink(line) from error
        for name, table in read.items():
            if not isinstance(table, dict):
                raise _no_sink(line)
            found[name] = table
    return found


def check_data(data: str) -> None:
    """Refuse a folder or a file without a receiver's database, which is most likely a typo.

    Raises:
        ConfigurationError: there is none.
    """
    from fulfillment_sdk.store.engine import is_sqlite, sqlite_path

    if "://" in data and not is_sqlite(data):
        return
    path = sqlite_path(data) if "://" in data else Path(data) / "receiver.db"
    if not path.is_file():
        raise ConfigurationError(
            f"There is no receiver's database at {path}",
            remedy="Give the folder or URL that the receiver has as data=, once it has started.",
        )


async def _dispatch(database: Database, outlets: Outlets, grace: float) -> None:
    ended = _told_to_end()
    # How a plugin or sink is to be tried again, and more, is for the receiver to say.
    relay = await asyncio.to_thread(database.open, outlets, only_new=True)
    try:
        async with relay.running(grace=grace):
            registered = await relay.store.read(relay.list_destinations)
            here = [one.name for one in outlets.destinations]
            for name in sorted({one.name for one in registered} - set(here)):
                click.echo(f"{name} waits: add --plugin or --sink for it, as the receiver has it")
            click.echo(f"Dispatching to {', '.join(here) or 'nobody'}")
            await ended.wait()
            click.echo("Finishing what is in hand")
    finally:
        with contextlib.suppress(RuntimeError):
            await asyncio.to_thread(relay.close)
    click.echo("Stopped")


def _told_to_end() -> asyncio.Event:
    """Return what the first SIGTERM or SIGINT sets; the second one ends the process."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def told() -> None:
        for number in _ENDINGS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        ended.set()

    for number in _ENDINGS:
        loop.add_signal_handler(number, told)
    return ended


def _no_sink(line: str) -> ConfigurationError:
    return ConfigurationError(
        f"--sink {line.partition('=')[0].strip()} can't be read",
        remedy='Write a line of TOML, as in --sink \'audit = {kind = "jsonl", path = "a.jsonl"}\'.',
    )


def _configure_logs() -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("fulfillment_sdk").setLevel(logging.INFO)
