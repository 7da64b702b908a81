"""Calling a plugin that is only to look on: what it raises is told by its type and place."""

from __future__ import annotations

import logging

from fulfillment_sdk.hooks.causes import innermost
from fulfillment_sdk.hooks.failures import FAILURES, is_hosts
from fulfillment_sdk.hooks.plugin import Plugin

logger = logging.getLogger("fulfillment_sdk.plugins")


def observe(plugin: Plugin, hook: str, **arguments: object) -> None:
    """Call a plugin's `hook`, if it has it; what it raises is logged, and changes nothing."""
    if hook not in plugin.hooks:
        return
    try:
        plugin.caller(hook)(**arguments)
    except FAILURES as error:
        if is_hosts(error):
            raise
        kind, where = type(error).__name__, place(error, plugin, hook)
        logger.warning("plugin %s: %s failed: %s at %s", plugin.name, hook, kind, where)


def place(error: BaseException, plugin: Plugin, hook: str) -> str:
    """The innermost line of the plugin's own files that an error of its `hook` came through.

    With it and the error's type it can be found; its own words may hold personal data.
    """
    return innermost(error, plugin.files(hook).__contains__)
