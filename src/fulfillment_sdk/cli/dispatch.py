"""`fulfillment dispatch`: passes on what a receiver has stored, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fulfillment_sdk._extras import needs
from fulfillment_sdk.cli.endings import Endings
from fulfillment_sdk.cli.here import import_from_here
from fulfillment_sdk.configuration.toml_file import FILE
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.by_path import load_by_path

if TYPE_CHECKING:
    from fulfillment_sdk.receiver.outlets import Outlets
    from fulfillment_sdk.relay import Relay


_A_SINK = '--sink \'audit = {kind = "counter", path = "audit.txt"}\''


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
@click.argument("data", metavar="[DATA]", required=False)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The receiver's settings: its data, plugins and sinks  [default, where no DATA is given: "
    "fulfillment.toml here]",
)
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
    help=f"A sink beside those of the settings, as a line of TOML: {_A_SINK}. A kind that does not "
    "come along is brought by a plugin.",
)
@click.option(
    "--grace",
    type=Seconds(min=0),
    default=5.0,
    show_default=True,
    help="Seconds that deliveries in hand get when it ends.",
)
@click.option(
    "--retain",
    type=Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="Remove what has arrived everywhere, once it is that old; without it everything is kept.",
)
@click.option(
    "--feed",
    "ask_feed",
    is_flag=True,
    help="Have missing events from the server of FULFILLMENT_BASE_URL and FULFILLMENT_TOKEN.",
)
def command(
    data: str | None,
    config: Path | None,
    plugins: Sequence[str],
    sinks: Sequence[str],
    grace: float,
    retain: float | None,
    ask_feed: bool,
) -> None:
    """Pass on what a receiver has stored in DATA: its folder, or the URL of its database.

    Give it the plugins and sinks that the receiver has, or the --config that it is made of, which
    needs no DATA: what is for another one waits. Of an SQLite database one process dispatches at a
    time, and a second one waits for its turn; of a PostgreSQL database any number do. SIGTERM or
    Ctrl-C ends it, with status 0, once what is in hand is delivered or handed back; a second one,
    half a second later or more, ends it at once, and what is in hand goes out again. Status 1 is a
    setting or a database that can't be used, 2 an option.
    """
    if data is None and config is None:
        config = Path(FILE)
        if not config.is_file():
            raise click.UsageError(f"There is no {FILE} here: give it DATA, or --config.")
    _configure_logs()
    import_from_here()
    found = read_sinks(sinks)
    loaded = [load_by_path(path, where="--plugin") for path in plugins]
    with needs("receiver"):
        from fulfillment_sdk.receiver.cases.feeds import feed_of
        from fulfillment_sdk.receiver.database import Database
        from fulfillment_sdk.receiver.from_file import FromFile, server_feed
        from fulfillment_sdk.receiver.outlets import Outlets
        from fulfillment_sdk.relay import RetryPolicy
        from fulfillment_sdk.relay.dispatching import bounded_run, descriptors

        told = FromFile.read(config, accepts=False) if config else None
        if told is None:
            outlets = Outlets.of(loaded, found, RetryPolicy(), load_entry_points=True)
        else:
            outlets = told.outlets(loaded, found)
        if not outlets.destinations:
            raise ConfigurationError(
                "There is nobody to dispatch to: no plugin and no sink",
                remedy="Add --plugin and --sink for those that the receiver has, or its --config."
                if config is None
                else f"Write receiver.plugins or [sinks.NAME] into {config}, as the receiver has "
                "them; what it has in Python goes to --plugin and --sink.",
            )
        place = told.settings.data if data is None and told is not None else data or ""
        if retain is None and told is not None:
            retain = told.settings.retention
        database = Database.of(place, told.settings.keys if told else None)
        check_data(place)
        ask_feed = ask_feed or (told is not None and told.settings.feed)
        feed = feed_of(server_feed()) if ask_feed else None
        rules = told.settings.rules if told else None
    descriptors.raise_limit()
    opening = functools.partial(
        database.open, outlets, only_new=True, retention=retain, rules=rules, feed=feed
    )
    bounded_run.run(_dispatch(opening, outlets, grace))


def read_sinks(lines: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
    """Read `name = {…}`, one sink a line.

    Raises:
        ConfigurationError: a line is no TOML, or no table, or two have one name.
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
            if name in found:
                raise ConfigurationError(
                    f"Two sinks are called {name}", remedy="Give each --sink a name of its own."
                )
            found[name] = table
    return found


def check_data(data: str) -> None:
    """Refuse a place without a receiver's database, which is most likely a typo.

    Raises:
        ConfigurationError: there is none.
    """
    from fulfillment_sdk.relay import SCHEMA
    from fulfillment_sdk.store.engine import is_sqlite, sqlite_path
    from fulfillment_sdk.store.migrations import is_there

    url = data if "://" in data else f"sqlite:///{Path(data).absolute() / 'receiver.db'}"
    place = "this URL"  # which may hold a password
    if is_sqlite(url):
        place = str(path := sqlite_path(url))
        if path.is_file() and is_there(url, SCHEMA):
            return
    elif is_there(url, SCHEMA):
        return
    raise ConfigurationError(
        f"There is no receiver's database at {place}",
        remedy="Give the folder or URL that the receiver has as data=, once it has started.",
    )


async def _dispatch(opening: Callable[[], Relay], outlets: Outlets, grace: float) -> None:
    from fulfillment_sdk.relay.dispatching.unawaited import tell_by_kind

    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(tell_by_kind)
    here = [one.name for one in outlets.destinations]

    def on_turn(ours: bool) -> None:
        if ours:
            click.echo(f"Dispatching to {', '.join(here)}")
        else:
            click.echo("Waiting for the dispatcher of this database to end, to take over from it")

    with Endings(lambda: loop.call_soon_threadsafe(ended.set)).taken():
        # How a plugin or sink is to be tried again, and more, is for the receiver to say.
        relay = await asyncio.to_thread(opening)
        try:
            registered = await relay.store.read(relay.list_destinations)
            for name in sorted({one.name for one in registered} - set(here)):
                click.echo(f"{name} waits: add --plugin or --sink for it, as the receiver has it")
            async with relay.running(grace=grace, on_turn=on_turn, apart=True):
                await ended.wait()
                click.echo("Finishing what is in hand")
        finally:
            with contextlib.suppress(RuntimeError):
                await asyncio.to_thread(relay.close)
    click.echo("Stopped")


def _no_sink(line: str) -> ConfigurationError:
    return ConfigurationError(
        f"--sink {line.partition('=')[0].strip()} can't be read",
        remedy=f"Write a line of TOML, as in {_A_SINK}.",
    )


def _configure_logs() -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("fulfillment_sdk").setLevel(logging.INFO)
