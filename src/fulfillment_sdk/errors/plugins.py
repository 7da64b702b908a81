"""Plugins that do not work."""

from __future__ import annotations

from fulfillment_sdk.errors.base import FulfillmentError


class PluginError(FulfillmentError):
    """A plugin is broken, misspelt or misconfigured."""
