"""The loopback package index between pip and the network."""
