"""Free space, before anything is moved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from resilient_pip.errors import StorageError
from resilient_pip.target.room import check_room, fullest


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


@pytest.mark.parametrize(
    ("stay", "all_first", "expected"),
    [
        pytest.param(True, False, [(60, 90)], id="kept"),
        pytest.param(True, True, [(60, 90)], id="kept, all first"),
        pytest.param(False, False, [(30, 90)], id="one group after the other"),
        pytest.param(False, True, [(60, 0), (30, 90)], id="all first"),
    ],
)
def test_when_the_disk_is_fullest(*, stay: bool, all_first: bool, expected: list[tuple[int, int]]) -> None:
    """What goes with its group never lies beside all that is installed, but for the largest group's."""
    assert fullest([10, 30, 20], 90, stay=stay, all_first=all_first) == expected
    assert fullest([], 90, stay=False, all_first=False) == [(0, 90)]
