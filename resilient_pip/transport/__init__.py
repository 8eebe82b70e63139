"""Bytes over the network: one HTTP client, retries, resuming downloads."""
