"""The mails of the gateway: what they say, how they go out, who is told what."""
