"""`fulfillment`, for which loopback is a public address: the one that a test's partner has.

Everything else is as without `--dev`: only https, and certificates are verified.
"""

from __future__ import annotations

from fulfillment_sdk.plugins.webhooks import addresses

_public = addresses.refusal


def _refusal(ip: str) -> str | None:
    reason = _public(ip)
    return None if reason == addresses.LOOPBACK else reason


addresses.refusal = _refusal

if __name__ == "__main__":
    from fulfillment_sdk.cli import main

    main()
