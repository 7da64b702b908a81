"""How much of an event a sink gets: decided by one table, before the sink sees anything."""
