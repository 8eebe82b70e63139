"""A user's name and password, shown to nobody."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who asks, and where that was found."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    source: str = field(default="", compare=False)
    """For messages: "the URL", "~/.netrc", "keyring"."""

    @property
    def header(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
        return f"Basic {token}"
