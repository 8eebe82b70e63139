"""Whatever the command line, it ends as with pip and leaves the same files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.deliberate import DELIBERATE, Deviation
from tests.differential.room import Room, differences
from tests.differential.stock import Places, serve
from tests.differential.table import CASES, Case
from tests.support.faultserver import FaultyIndex


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The room of this process, with its indexes."""
    folder = tmp_path_factory.mktemp("differential")
    with FaultyIndex() as main, FaultyIndex() as other:
        places = Places(main=main, other=other, root=folder / "room")
        serve(places)
        yield Room(places=places, beginnings=folder / "beginnings")


def test_the_table_is_one() -> None:
    """Each command line has a name of its own, and each deliberate difference a command line."""
    names = [case.id for case in CASES]
    assert len(names) >= 150
    assert len(set(names)) == len(names)
    assert DELIBERATE.keys() <= set(names)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_as_pip(room: Room, case: Case) -> None:
    """The exit class and every file are the same, and nothing names the gateway."""
    pip = room.by_pip(case)
    tool = room.by_tool(case)
    foreign = room.foreign_addresses()
    told = f"--- pip\n{pip.run.output}\n--- resilient-pip\n{tool.run.output}"
    found = Deviation(ended=(pip.ended, tool.ended), paths=frozenset(differences(pip, tool)))
    expected = DELIBERATE.get(case.id, Deviation(ended=(pip.ended, pip.ended)))
    assert found == expected, told
    assert foreign == [], told
    if any(path.endswith("/direct_url.json") for path in tool.paths):
        assert "gateway" not in room.freeze()
