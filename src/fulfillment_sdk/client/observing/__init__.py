"""Who watches requests: plugins, each told alone, that change nothing."""
