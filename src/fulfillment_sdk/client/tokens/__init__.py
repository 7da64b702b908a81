"""Where a client's token is kept, and what the token says of itself.

```python
client = Client(base_url="https://gateway.example", tokens=FileTokens("token"))
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fulfillment_sdk._exports import exports

if TYPE_CHECKING:
    from fulfillment_sdk.client.tokens.claims import TokenClaims, read_claims
    from fulfillment_sdk.client.tokens.environment import EnvTokens
    from fulfillment_sdk.client.tokens.file import FileTokens
    from fulfillment_sdk.client.tokens.keyring import KeyringTokens
    from fulfillment_sdk.client.tokens.store import MemoryTokens, TokenStore

__all__ = [
    "EnvTokens",
    "FileTokens",
    "KeyringTokens",
    "MemoryTokens",
    "TokenClaims",
    "TokenStore",
    "read_claims",
]

_HOMES: Final = {
    "EnvTokens": "environment",
    "FileTokens": "file",
    "KeyringTokens": "keyring",
    "MemoryTokens": "store",
    "TokenClaims": "claims",
    "TokenStore": "store",
    "read_claims": "claims",
}

if not TYPE_CHECKING:  # else a type checker would take any name for one of ours
    __getattr__, __dir__ = exports(__name__, __all__, _HOMES)
