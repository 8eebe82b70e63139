"""Free space, before anything is moved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from resilient_pip.errors import StorageError
from resilient_pip.target.room import check_room


def test_room_is_checked_where_the_folder_will_be(tmp_path: Path) -> None:
    """A folder that is not there yet is judged by its parent; one byte fits."""
    check_room([(tmp_path / "not" / "yet", 1)])
    with pytest.raises(StorageError) as caught:
        check_room([(tmp_path / "not" / "yet", 10**18)])
    assert caught.value.path == str(tmp_path / "not" / "yet")
    assert caught.value.reason.startswith("1000000000.0 GB are needed, ")
    assert caught.value.reason.endswith(" are free")


def test_folders_on_one_file_system_share_its_room(tmp_path: Path) -> None:
    """Cache and target may each fit and not both."""
    most = shutil.disk_usage(tmp_path).free * 2 // 3
    check_room([(tmp_path / "cache", most)])
    with pytest.raises(StorageError, match="cache"):
        check_room([(tmp_path / "cache", most), (tmp_path / "target", most)])
