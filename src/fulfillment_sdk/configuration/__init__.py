"""`fulfillment.toml`: how it is read, and what in it is a server's and what a receiver's."""
