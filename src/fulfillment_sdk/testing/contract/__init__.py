"""The contract of a sink, as tests that a stranger's sink can be put to."""
