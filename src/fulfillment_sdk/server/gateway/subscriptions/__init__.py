"""Where an organisation wants its notifications, and what became of them (contract, section 5)."""
