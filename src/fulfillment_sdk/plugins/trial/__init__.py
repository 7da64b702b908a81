"""Configured sinks tried out: made, opened, handed an invented event, closed."""
