"""Events sent on as signed webhooks: to whom, over which sockets, and what an answer means."""
