"""Package index pages and wheels as values: bytes in, values out, no I/O."""
