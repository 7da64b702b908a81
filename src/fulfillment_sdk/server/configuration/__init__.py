"""Settings: what there is to set, where it may stand, what comes of it (contract, section 7)."""
