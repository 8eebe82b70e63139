"""Hash algorithms that files and metadata of an index are checked with."""

from __future__ import annotations

ALGORITHMS = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
"""Those that pip checks."""

SECURE = frozenset({"sha256", "sha384", "sha512"})
"""Those of which one must be given for a file that comes from a mirror or stands in a plan file."""
