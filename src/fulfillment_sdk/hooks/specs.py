"""Every hook that a plugin may implement, with what it is given and when it is called.

A plugin is a module or an object with functions of these names, each marked with `hookimpl`. A hook
may leave out arguments that it doesn't need. Each plugin is called alone: what one raises never
reaches another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import pluggy

from fulfillment_sdk.hooks.installed import PROJECT

if TYPE_CHECKING:
    import click

    from fulfillment_sdk.hooks.facts import ErrorFacts, RequestFacts, ResponseFacts
    from fulfillment_sdk.hooks.host import Host
    from fulfillment_sdk.models.events import CaseCompleted, StatusChanged
    from fulfillment_sdk.relay import Attempt, DeadLetter, Sink

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of the hook of its name."""

S = TypeVar("S")


class RegisterSink(Protocol):
    """What `fulfillment_register_sinks` is handed: call it once for each kind of sink."""

    def __call__(
        self,
        kind: str,
        settings: type[S],
        factory: Callable[[S], Sink],
        /,
        *,
        reaches_people: bool = False,
        concurrency: int = 8,
        about: str = "",
    ) -> None:
        """Offer sinks of one kind.

        Args:
            kind: the word that a configuration says, such as `counter`.
            settings: an attrs class; its fields are the settings of this kind, checked strictly.
                None may be called like a key that every sink's table has.
            factory: makes a sink from settings; called once for each configured sink.
            reaches_people: whether what such a sink is sent ends before people's eyes, as a mail
                does. Then no table can ask for `full` events.
            concurrency: how many deliveries such a sink is given at once, each of another case,
                where its table doesn't say. One that writes many with one effort takes more than
                one that calls for each.
            about: one line for those who choose a kind; by default the first of the factory's
                docstring.

        Raises:
            PluginError: the kind is taken, or `settings` is no attrs class.
        """
        ...


@hookspec
def fulfillment_status_changed(event: StatusChanged) -> None:
    """Learn that a case's status has changed (contract, section 4).

    Called once for every change, creation included, a case's events in order. `def` runs in a
    thread, `async def` in a loop of the plugin's own. The event counts as delivered when the call
    returns; what it returns is ignored. When it raises, it is called again later with the same
    event (`event.id` stays the same), and the case's next event waits: so the work should be safe
    to repeat.
    """


@hookspec
def fulfillment_case_completed(event: CaseCompleted) -> None:
    """Learn that a case is completed, with everything that was found out (contract, section 4).

    Called after the `fulfillment_status_changed` to `qc_passed` of the same case, under the same
    rules. The event holds personal data: don't log it.
    """


@hookspec
def fulfillment_register_sinks(register: RegisterSink) -> None:
    """Offer kinds of sink, by calling `register(kind, SettingsClass, factory)` for each.

    Called once, when the plugins have been loaded, before anything is delivered. It should do
    nothing else: the factory makes the sink, and the sink's `open()` opens what it needs.
    """


@hookspec
def fulfillment_on_attempt(attempt: Attempt) -> None:
    """Observe each attempt to deliver an event to any destination, after it was recorded.

    For counters and alarms. The attempt names ids, outcome and cause, never the event's content. It
    is called in a thread of the plugin's own, with one attempt after the other; what it raises is
    logged and changes nothing. One that is far behind misses some.
    """


@hookspec
def fulfillment_on_dead_letter(letter: DeadLetter) -> None:
    """Learn that a delivery was given up, after that was recorded.

    For alarms. Called after the `fulfillment_on_attempt` of the attempt that was its last, under
    the same rules. The event is kept, and goes out again when somebody replays it.
    """


@hookspec
def fulfillment_startup(host: Host) -> None:
    """Get ready to work: open what the hooks for events need.

    Called in each process that delivers, or stands by to, whenever it begins to, before the
    plugin's other hooks are called there with an event. `def` runs in a thread, `async def` in a
    loop of the plugin's own. While it raises, the plugin's events wait, and it is called again
    after some seconds. `host.settings` are what the configuration says of this plugin, as an
    instance of the attrs class that the plugin has as `Settings`.
    """


@hookspec
def fulfillment_register_commands(group: click.Group) -> None:
    """Add commands to `fulfillment`, with click: `group.add_command(…)` or `@group.command(…)`.

    Called by the command line, for installed plugins alone, when its help is asked for or a command
    that it doesn't have itself. It should be quick and open nothing; the commands do the work.
    """


@hookspec
def fulfillment_before_request(request: RequestFacts) -> None:
    """Observe each request that a client is about to send, repetitions included.

    Called in the thread that runs the call, right before the request goes out, so it must be quick;
    what it sends itself, with any client, no plugin is told of. What it returns is ignored; what it
    raises is logged and changes nothing. `request.body` is None unless the plugin has
    `wants_bodies = True`.
    """


@hookspec
def fulfillment_after_response(
    request: RequestFacts,
    response: ResponseFacts | None,
    seconds: float,
    error: ErrorFacts | None,
) -> None:
    """Observe what became of a request: once for each `fulfillment_before_request`.

    Called in the same thread, under the same rules, with the same `request` object, when the answer
    has been read or will not come. `response` is None where no answer came. `seconds` are from
    right before the request was sent until its answer was read. `error` is None where the call
    goes well; there may be a `response` beside it (a 404, say), and the client may repeat the
    request all the same.
    """
