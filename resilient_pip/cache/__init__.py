"""Files on disk: finished ones by their SHA-256, partial ones under a lock."""
