"""What `resilient-pip config` hides."""

from __future__ import annotations

import pytest

from resilient_pip.config_command.wording import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("https://host/simple", "https://host/simple", id="nothing"),
        pytest.param("https://user:word@host/simple", "https://****@host/simple", id="login"),
        pytest.param("https://user:a/b@host/simple", "https://****@host/simple", id="slash-in-password"),
        pytest.param("https://user:a@b@host/", "https://****@host/", id="at-in-password"),
        pytest.param("user:word@proxy:3128", "****@proxy:3128", id="proxy-without-scheme"),
        pytest.param("https://host/f.whl?X-Sig=1#sha256=2", "https://host/f.whl?****", id="signature"),
        pytest.param("/opt/wheels", "/opt/wheels", id="folder"),
    ],
)
def test_masked(text: str, shown: str) -> None:
    """The host stays, so that one sees which it is."""
    assert masked(text) == shown
