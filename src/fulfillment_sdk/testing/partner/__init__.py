"""What a partner's tests stand on: a server, cases on their way, and faults on the wire."""
