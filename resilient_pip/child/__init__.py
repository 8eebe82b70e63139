"""Supervised children: what is started, with which environment, and how it ended."""
