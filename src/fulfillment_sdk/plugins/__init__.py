"""Plugins: how a partner's own code joins in (entry-point group `fulfillment_sdk`).

The short way is two hooks, for a host application:

    from fulfillment_sdk.plugins import hookimpl

    @hookimpl
    def fulfillment_status_changed(event):
        print(event.case_id, event.new_status)

The full way registers a kind of sink with typed settings, which a configuration then names; see
`fulfillment_register_sinks`. A client calls `fulfillment_before_request` and
`fulfillment_after_response`. Importing this package loads pluggy and nothing else heavy.
"""

from __future__ import annotations

from fulfillment_sdk.hooks.facts import ErrorFacts, RequestFacts, ResponseFacts
from fulfillment_sdk.hooks.host import Host
from fulfillment_sdk.hooks.specs import RegisterSink, hookimpl
from fulfillment_sdk.plugins.settings.secret import Secret

__all__ = [
    "ErrorFacts",
    "Host",
    "RegisterSink",
    "RequestFacts",
    "ResponseFacts",
    "Secret",
    "hookimpl",
]
