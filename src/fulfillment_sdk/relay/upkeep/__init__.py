"""What is done to events that are through: sent again, or removed."""
