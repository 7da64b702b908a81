"""What a receiver knows of each case: what has come, what is missing, and where the case stands."""
