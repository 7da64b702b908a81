"""From a claimed lane to its settlement: what runs in a dispatcher's loop."""
