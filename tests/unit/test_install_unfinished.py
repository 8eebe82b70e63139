"""What is forgotten after an installation that was ended half way, and what never is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from resilient_pip.install.unfinished import forgetting_unfinished
from tests.support.runs import planned


def _dist_info(folder: Path, name: str, *, finished: bool) -> None:
    info = folder / f"{name}.dist-info"
    info.mkdir()
    (info / "METADATA").touch()
    if finished:
        (info / "INSTALLER").write_text("pip\n")


def _left(folder: Path) -> set[str]:
    return {path.name.removesuffix(".dist-info") for path in folder.iterdir()}


def test_only_what_the_block_left_unfinished_is_forgotten(tmp_path: Path) -> None:
    """Not what is whole, nor another version, nor what was there before, nor what others installed."""
    for name, finished in (
        ("Half_Done-1.0", False),
        ("whole-1.0", True),
        ("older-0.9", False),
        ("same-1.0", False),
        ("foreign-1.0", False),
    ):
        _dist_info(tmp_path, name, finished=finished)
    same = dataclasses.replace(planned("same", "1.0", 1), replaces="1.0")
    files = [planned(name, "1.0.0", 1) for name in ("half-done", "whole", "older")]
    with pytest.raises(KeyError), forgetting_unfinished([*files, same], [tmp_path]):
        raise KeyError
    assert _left(tmp_path) == {"whole-1.0", "older-0.9", "same-1.0", "foreign-1.0"}


def test_nothing_is_forgotten_after_the_end(tmp_path: Path) -> None:
    """What pip calls done is done, whatever it wrote."""
    _dist_info(tmp_path, "half-1.0", finished=False)
    with forgetting_unfinished([planned("half", "1.0", 1)], [tmp_path]):
        pass
    assert _left(tmp_path) == {"half-1.0"}
