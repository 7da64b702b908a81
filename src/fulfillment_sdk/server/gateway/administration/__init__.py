"""The gateway's own administration (contract, section 7)."""
