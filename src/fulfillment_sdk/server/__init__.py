"""The reference server: gateway and portal, run by `fulfillment serve` (contract, section 7)."""
