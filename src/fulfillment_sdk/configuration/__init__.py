"""`fulfillment.toml`, which a server and a receiver may share: how it is read, and what is whose."""
