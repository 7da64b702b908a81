"""What an operator sees: logs, metrics, readiness. Never a word of a case."""
