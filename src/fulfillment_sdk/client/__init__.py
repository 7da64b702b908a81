"""The client: what a partner's code calls the gateway with.

```python
with Client.from_env() as client:
    created = client.cases.create(NewCase(...))
```
"""

from fulfillment_sdk.client.client import Client
from fulfillment_sdk.client.events import EventStream
from fulfillment_sdk.client.paging import Page, Pager
from fulfillment_sdk.client.retry import Retries

__all__ = ["Client", "EventStream", "Page", "Pager", "Retries"]
