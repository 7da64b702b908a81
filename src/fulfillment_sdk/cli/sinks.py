"""`fulfillment sinks`: which kinds there are, and whether those that are configured work."""

from __future__ import annotations

import functools
import secrets
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from fulfillment_sdk._extras import needs
from fulfillment_sdk.cli.columns import columns
from fulfillment_sdk.cli.here import config_flag, file_with_sinks, find_file, import_from_here
from fulfillment_sdk.cli.places import json_flag, plain, say_json
from fulfillment_sdk.cli.whole_file import look_through
from fulfillment_sdk.configuration.shared_file import SharedFile
from fulfillment_sdk.configuration.toml_file import did_you_mean
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.unused import PluginOff, PluginProblem
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED

if TYPE_CHECKING:
    from fulfillment_sdk.plugins.settings.described import Setting
    from fulfillment_sdk.plugins.sinks import SinkKinds
    from fulfillment_sdk.plugins.trial.trial import MakeEvent, Trial
    from fulfillment_sdk.relay import Destination, Event

TOLD = {
    "ready": "ready",
    "delivered": "delivered",
    "retry": "not delivered, would be tried again",
    "rejected": "refused",
    "wrong": "can't be used",
    "off": "switched off",
}
"""What is said of a sink that was tried, by what came of it."""


@click.group("sinks")
def command() -> None:
    """Show the kinds of sink, and check and try those of fulfillment.toml."""


@command.command("list", short_help="List the kinds of sink and their settings.")
@click.argument("kinds", metavar="[KIND]…", nargs=-1)
@config_flag
@json_flag
def list_command(kinds: Sequence[str], config: Path | None, as_json: bool) -> None:
    """List the kinds of sink with their settings, and the keys that every sink has."""
    import_from_here()
    with needs("receiver"):
        from fulfillment_sdk.plugins.settings.common import CommonSettings
        from fulfillment_sdk.plugins.settings.described import describe
        from fulfillment_sdk.plugins.settings.named import every_plugin
        from fulfillment_sdk.plugins.sinks import SinkKinds
    plugins = every_plugin(find_file(config))
    on_offer = SinkKinds.of(plugins)
    _refuse_strangers(kinds, on_offer.words, "kind of sink")
    chosen = [one for one in on_offer if not kinds or one.kind in kinds]
    if as_json:
        found = [
            {
                "kind": one.kind,
                "about": one.about,
                "plugin": one.plugin,
                "reaches_people": one.reaches_people,
                "settings": [attrs.asdict(setting) for setting in describe(one.settings)],
            }
            for one in chosen
        ]
        say_json({"kinds": found, "every": [attrs.asdict(one) for one in describe(CommonSettings)]})
        return
    for one in chosen:
        people = " It never gets full events." if one.reaches_people else ""
        click.echo(plain(f"{one.kind}: {one.about or 'by ' + one.plugin}{people}"))
        _say_settings(describe(one.settings))
    click.echo("every kind")
    _say_settings(describe(CommonSettings))
    _say_left_out(plugins)


@command.command("check", short_help="Say which sinks can be used, and what is wrong.")
@click.argument("names", metavar="[NAME]…", nargs=-1)
@config_flag
@json_flag
def check_command(names: Sequence[str], config: Path | None, as_json: bool) -> None:
    """Make each sink of fulfillment.toml, open and close it, and say what is wrong with it.

    Nothing is delivered, but what a sink does as it opens is done: a file may be made, or tables.
    Also one that is switched off is checked. Unless sinks are named, the file's [receiver] and its
    [plugins.NAME] are looked at as well; a server's settings are for `fulfillment serve` to check.
    Status 1 is a sink or a table that can't be used.
    """
    _try(names, config, as_json, make_event=None)


@command.command("test", short_help="Send one invented event, which really arrives.")
@click.argument("names", metavar="[NAME]…", nargs=-1)
@click.option(
    "--type",
    "kind_of_event",
    type=click.Choice([STATUS_CHANGED, CASE_COMPLETED]),
    help="The event's type  [default: what the sink wants]",
)
@config_flag
@json_flag
def test_command(
    names: Sequence[str], kind_of_event: str | None, config: Path | None, as_json: bool
) -> None:
    """Send one invented event to the sinks of fulfillment.toml, or to those named.

    It really arrives: in the file, in the table, with the people. Its case and its person are
    invented, and its number, TEST-000000, says so. A sink gets of it what its table discloses. One
    that is switched off is tried if it is named. Status 1 is a sink that it did not reach.
    """
    from fulfillment_sdk.plugins.trial.sample import sample_event, type_for

    def make_event(destination: Destination) -> Event:
        return sample_event(
            destination,
            type=kind_of_event or type_for(destination),
            token=secrets.token_hex(6),
            now=time.time(),
        )

    _try(names, config, as_json, make_event=make_event)


def _try(
    names: Sequence[str], config: Path | None, as_json: bool, *, make_event: MakeEvent | None
) -> None:
    import_from_here()
    all_of_it = not names and make_event is None
    file = file_with_sinks(config, or_else=all_of_it)
    _refuse_strangers(names, file.sinks, f"sink in {file.path}")
    with needs("receiver"):
        from fulfillment_sdk.plugins.settings.named import every_plugin
        from fulfillment_sdk.plugins.sinks import SinkKinds
        from fulfillment_sdk.receiver.from_file import warn_of_open_secrets
    plugins = every_plugin(file)
    # First, as a receiver does: a plugin without the settings that it needs offers no kind.
    others = look_through(file, plugins) if all_of_it else []
    kinds = SinkKinds.of(plugins)
    warn_of_open_secrets(file, kinds, plugins)
    trials = _trials(file, kinds, names, make_event) + others
    if as_json:
        say_json([attrs.asdict(one) for one in trials])
    else:
        _say_trials(trials)
        _say_left_out(plugins)
    if not all(one.is_well for one in trials):
        raise click.exceptions.Exit(1)


def _trials(
    file: SharedFile, kinds: SinkKinds, names: Sequence[str], make_event: MakeEvent | None
) -> list[Trial]:
    from fulfillment_sdk.plugins.apart import Apart, try_apart
    from fulfillment_sdk.plugins.trial.trial import LOOK, Trial, longest, try_sink

    found: list[Trial] = []
    tried: dict[int, Apart[Trial]] = {}
    for name, table in file.sinks.items():
        if names and name not in names:
            continue
        kind = str(table.get("kind", ""))
        if not names and make_event is not None and table.get("enabled") is False:
            found.append(Trial(verdict="off", name=name, kind=kind))
            continue
        seconds = longest(table, delivers=make_event is not None)
        words = f"it blocks whoever calls it, for more than {seconds:g} s"
        found.append(Trial(verdict="wrong", name=name, kind=kind, words=words, remedy=LOOK))
        begin = functools.partial(try_sink, kinds, name, table, make_event=make_event)
        tried[len(found) - 1] = Apart(begin, seconds, found[-1])
    for place, came in zip(tried, try_apart(list(tried.values())), strict=True):
        found[place] = came
    return found


def _refuse_strangers(given: Sequence[str], known: Collection[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise ConfigurationError(
                f"There is no {what} called {name}", remedy=did_you_mean(name, known)
            )


def _say_settings(settings: Sequence[Setting]) -> None:
    rows = [
        (one.key, one.type, f"[{one.default}]" if one.default else "", one.about)
        for one in settings
    ]
    for line in columns(rows, indent="    ") if rows else ():
        click.echo(line)
    click.echo()


def _say_trials(trials: Sequence[Trial]) -> None:
    rows = []
    for one in trials:
        took = f" in {one.seconds * 1000:.0f} ms" if one.seconds is not None else ""
        said = TOLD[one.verdict] + (took if one.verdict == "delivered" else "")
        rows.append((one.name, one.kind, f"{said}: {one.words}" if one.words else said))
    for line, one in zip(columns(rows), trials, strict=True):
        click.echo(line)
        for remedy in one.remedy.splitlines():
            click.echo(f"    {plain(remedy)}")


def _say_left_out(plugins: Plugins) -> None:
    for one in plugins.problems:
        click.echo(plain(f"{_titled(one)} is left out: {one.cause}"))
    for off in plugins.switched_off:
        click.echo(plain(f"{_titled(off)} is switched off by {off.by}"))


def _titled(one: PluginProblem | PluginOff) -> str:
    return " ".join(filter(None, ("Plugin", one.name, one.version)))
