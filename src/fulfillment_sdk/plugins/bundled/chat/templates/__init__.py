"""What chat messages say where a table has no template of its own."""
