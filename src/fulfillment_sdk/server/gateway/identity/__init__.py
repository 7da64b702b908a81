"""Who acts for which organisation: addresses, codes, tokens (contract, section 1)."""
