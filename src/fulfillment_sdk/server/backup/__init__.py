"""Backups of a data folder, taken while its server runs, and putting them back."""
