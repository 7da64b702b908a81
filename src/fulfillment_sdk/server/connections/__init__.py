"""The server's sockets and connections, and bounds on what a peer may do to them."""
