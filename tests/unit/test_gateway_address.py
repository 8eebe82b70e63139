"""Where a gateway answers: the same place for the same sources and cache, and nobody can guess it."""

from __future__ import annotations

import stat
from pathlib import Path

from resilient_pip.gateway.address import fresh_address, lasting_address


def test_same_sources_have_the_same_address(tmp_path: Path) -> None:
    """As clients keep what they get by its URL; other sources have another, and so have other caches."""
    one, other = ["https://one/simple/"], ["https://two/simple/"]
    address = lasting_address(tmp_path, one)
    assert lasting_address(tmp_path, one) == address
    assert lasting_address(tmp_path, other).token != address.token
    (tmp_path / "elsewhere").mkdir()
    assert lasting_address(tmp_path / "elsewhere", one).token != address.token
    assert len(address.token) == 32
    assert 20_000 <= address.port < 32_000


def test_only_its_owner_may_read_the_secret(tmp_path: Path) -> None:
    """And nothing else is left beside it."""
    lasting_address(tmp_path, [])
    (secret,) = tmp_path.iterdir()
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_where_nothing_can_be_kept_it_is_fresh(tmp_path: Path) -> None:
    """No folder, or a secret that is none."""
    missing = tmp_path / "missing"
    assert lasting_address(missing, []) != lasting_address(missing, [])
    (tmp_path / "gateway-secret").write_text("short")
    assert lasting_address(tmp_path, []).port == 0
    assert fresh_address() != fresh_address()
