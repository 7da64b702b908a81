"""What of a receiver's configuration is no sink: looked at as a receiver looks at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fulfillment_sdk.configuration.shared_file import PLUGINS, RECEIVER, SharedFile
from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.tables import PluginTables
from fulfillment_sdk.plugins.settings.of_plugins import settle

if TYPE_CHECKING:
    from fulfillment_sdk.plugins.trial.trial import Trial


def look_through(file: SharedFile, plugins: Plugins) -> list[Trial]:
    """Say of the file's tables `receiver` and `plugins`, where they are there, what is wrong.

    Args:
        file: the configuration.
        plugins: all that there are; an installed one that lacks settings is left out of them.
    """
    from fulfillment_sdk.receiver.from_file import FromFile

    def settled() -> str:
        settle(plugins, PluginTables.of(file.plugins))
        return ""

    found = []
    if file.receiver:
        found.append(_seen(f"[{RECEIVER}]", lambda: FromFile.read(file.path).check()))
    if file.plugins:
        found.append(_seen(f"[{PLUGINS}]", settled))
    return found


def _seen(table: str, look: Callable[[], str]) -> Trial:
    from fulfillment_sdk.plugins.trial.trial import LOOK, Trial

    try:
        return Trial(verdict="ready", name=table, words=look())
    except FulfillmentError as error:
        return Trial(verdict="wrong", name=table, words=error.message, remedy=error.remedy or LOOK)
