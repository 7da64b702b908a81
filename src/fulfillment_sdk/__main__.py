"""`python -m fulfillment_sdk` is `fulfillment`."""

from __future__ import annotations

from fulfillment_sdk.cli import main

if __name__ == "__main__":
    main()
