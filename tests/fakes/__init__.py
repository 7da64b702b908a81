"""Servers that are not ours, made for tests."""
