"""The client: what a partner's code calls the gateway with.

```python
with Client.from_env() as client:
    created = client.cases.create(NewCase(...))
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fulfillment_sdk._exports import exports

if TYPE_CHECKING:
    from fulfillment_sdk.client.client import Client
    from fulfillment_sdk.client.events import EventStream
    from fulfillment_sdk.client.exchange.retry import Retries
    from fulfillment_sdk.client.paging import Page, Pager

__all__ = ["Client", "EventStream", "Page", "Pager", "Retries"]

_HOMES: Final = {
    "Client": "client",
    "EventStream": "events",
    "Page": "paging",
    "Pager": "paging",
    "Retries": "exchange.retry",
}

if not TYPE_CHECKING:  # else a type checker would take any name for one of ours
    __getattr__, __dir__ = exports(__name__, __all__, _HOMES)
