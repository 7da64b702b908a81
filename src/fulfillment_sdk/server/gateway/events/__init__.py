"""What the portal tells: on to the subscriptions, and into the feed (contract, 4 and 5)."""
