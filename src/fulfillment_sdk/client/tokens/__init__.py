"""Where a client's token is kept, and what the token says of itself.

```python
client = Client(base_url="https://gateway.example", tokens=FileTokens("token"))
```
"""

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
