"""Large wheels, and many that depend on each other."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

from tests.support.faultserver import FaultyIndex
from tests.support.graphs import random_graph, wheels_of
from tests.support.large import write_large_wheel
from tests.unit.asking import get


def test_large_wheels_stand_in_a_file(tmp_path: Path) -> None:
    """They are served as others are, and pip can unpack them."""
    wheel = write_large_wheel(tmp_path, "big", "1.0", 3_000_000)
    with FaultyIndex() as index:
        index.add(wheel)
        body = get(index, wheel.path).body
        rest = get(index, wheel.path, {"Range": "bytes=2999999-"}).body
    assert (len(body), hashlib.sha256(body).hexdigest()) == (wheel.size, wheel.sha256)
    assert rest == body[2_999_999:]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert archive.getinfo("big/payload.bin").file_size >= 3_000_000


def test_random_graphs_hang_together() -> None:
    """The same for the same seed, without cycles, and the first project brings all others."""
    graph = random_graph(40, seed=7)
    assert graph == random_graph(40, seed=7)
    assert graph != random_graph(40, seed=8)
    names = list(graph)
    reached = {"node-0"}
    for number, name in enumerate(names):
        assert len(graph[name]) == len(set(graph[name])) <= 3
        assert set(graph[name]) <= set(names[number + 1 :])
        reached.update(graph[name])
    assert reached == set(names)
    wheels = wheels_of(graph)
    assert [wheel.name for wheel in wheels] == names
    assert b"Requires-Dist: " in (wheels[0].metadata or b"")
