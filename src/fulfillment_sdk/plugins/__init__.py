"""Plugins: how a partner's own code gets each event (entry-point group `fulfillment_sdk`).

The short way is two hooks, for a host application:

    from fulfillment_sdk.plugins import hookimpl

    @hookimpl
    def fulfillment_status_changed(event):
        print(event.case_id, event.new_status)

The full way registers a kind of sink with typed settings, which a configuration then names; see
`hookspecs.fulfillment_register_sinks`. Importing this package loads pluggy and nothing else.
"""

from __future__ import annotations

from fulfillment_sdk.plugins.hookspecs import RegisterSink, hookimpl

__all__ = ["RegisterSink", "hookimpl"]
