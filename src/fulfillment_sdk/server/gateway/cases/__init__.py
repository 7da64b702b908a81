"""A partner's cases: creating each once, showing them, their files (contract, 2 and 5)."""
