"""What becomes of measured installations: medians of ratios, tables, a section; no tool is run here."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.cells import ALL, DEFAULT, Cell, State, chosen
from benchmarks.figures import Measured, from_json, sent, to_json, wall
from benchmarks.installs import Figure, Round
from benchmarks.limits import Limit, limit_of
from benchmarks.peers import INSTALLERS
from benchmarks.sameness import differences
from benchmarks.sets import PackageSet
from benchmarks.speed_section import details, ratios, section_of
from benchmarks.stretches import STRETCHES, Stretch, stretches
from benchmarks.watched import Glance, Line, Watched, watch
from tests.support.environments import Environment
from tests.support.wheels import make_wheel

CELL = Cell(packages="web", megabytes=25, latency_ms=20, metadata=True, state=State.COLD)
MB = 10**6


def figure(wall_s: float, *, sent: int = 96 * MB, fault: str = "") -> Figure:
    """Make a figure whose CPU time is half of its wall time, spent in equal stretches."""
    part = Stretch(wall_s=wall_s / 3, cpu_s=wall_s / 6)
    return Figure(
        wall_s=wall_s,
        cpu_s=wall_s / 2,
        own_peak=60 * MB,
        child_peak=0,
        sent=sent,
        requests=200,
        stretches=dict.fromkeys(STRETCHES, part),
        fault=fault,
    )


def round_of(ours: Figure, pip: Figure, *, load: float = 0.5) -> Round:
    """Make a round in which both uv take 10 s."""
    return Round(
        load=load,
        figures={"resilient-pip": ours, "pip": pip, "uv": figure(10.0), "uv-compile": figure(10.0)},
    )


def measured(*rounds: Round, cell: Cell = CELL) -> Measured:
    """Make a cell with 50 MB of wheels, which are written in a second."""
    return Measured(
        cell=cell,
        date="24 November 2026",
        machine="2 cores",
        commit="7ee5920",
        limit=Limit(packages=64, wheels=50 * MB, unpacked=200 * MB, write_s=1.0),
        rounds=rounds,
    )


def watched(lines: dict[float, str], glances: dict[float, float], *, wall_s: float, cpu_s: float) -> Watched:
    """Make what was seen of a run, from times to lines and from times to CPU times."""
    return Watched(
        exit_code=0,
        wall_s=wall_s,
        cpu_s=cpu_s,
        own_peak=0,
        child_peak=0,
        lines=[Line(at_s=at_s, text=text) for at_s, text in lines.items()],
        glances=[Glance(at_s=at_s, cpu_s=used_s) for at_s, used_s in glances.items()],
    )


def test_names_of_cells() -> None:
    """Every cell has a name of its own, and those measured by default are among all."""
    names = [cell.name for cell in ALL]
    assert len(set(names)) == len(names)
    assert set(DEFAULT) < set(ALL)
    assert CELL.name == "web-25-20-metadata-cold"
    assert chosen("web-25-20-metadata-cold") == [CELL]


def test_no_cell() -> None:
    """A pattern that nothing matches is told, with the cells that there are."""
    with pytest.raises(ValueError, match=r"no cell matches 'wep-.*ml-10-20-bare-cold"):
        chosen("wep-*")


def test_medians_of_ratios() -> None:
    """The ratio is taken within each round, as a round bears a busy machine, and its median counts."""
    cell = measured(
        round_of(figure(5.0), figure(10.0)),
        round_of(figure(100.0), figure(400.0)),
        round_of(figure(6.0), figure(10.0, sent=192 * MB)),
    )
    assert cell.ratio("resilient-pip", "pip", wall) == 0.5
    assert cell.ratio("resilient-pip", "pip", sent) == 1.0
    assert cell.median("pip", wall) == 10.0


def test_what_does_not_count() -> None:
    """A round in which either of two does not count gives no ratio, and no round gives none."""
    good = round_of(figure(8.0), figure(10.0))
    bad = round_of(figure(1.0, fault="other files than pip's: bin/x"), figure(10.0))
    assert measured(good, bad).ratio("resilient-pip", "pip", wall) == 0.8
    assert measured(bad).ratio("resilient-pip", "pip", wall) is None
    assert measured(bad).distance("resilient-pip") is None
    assert measured(bad).faults("resilient-pip") == ["other files than pip's: bin/x"]


def test_bytes_that_nothing_sent() -> None:
    """Where a tool needed no byte, there is no ratio to it."""
    assert measured(round_of(figure(1.0), figure(1.0, sent=0))).ratio("resilient-pip", "pip", sent) is None


@pytest.mark.parametrize(
    ("state", "limit_s"),
    [
        pytest.param(State.COLD, 2.0, id="bytes over the network"),
        pytest.param(State.WARM, 1.0, id="bytes to the disk"),
        pytest.param(State.SATISFIED, 0.0, id="nothing"),
    ],
)
def test_the_limit(state: State, limit_s: float) -> None:
    """What takes longest of what has to be done bounds every tool."""
    cell = measured(round_of(figure(5.0), figure(10.0)), cell=replace(CELL, state=state))
    assert cell.limit_s == limit_s
    assert cell.distance("pip") == (10.0 / limit_s if limit_s else None)


def test_through_a_file() -> None:
    """What was written as JSON is read as the same."""
    cells = [measured(round_of(figure(5.0), figure(10.0), load=2.5)), measured(cell=ALL[-1])]
    assert from_json(to_json(cells)) == [replace(each, rounds=list(each.rounds)) for each in cells]


def test_table_of_ratios() -> None:
    """A line for each cell: an empty place where nothing counts."""
    bad = round_of(figure(5.0), figure(10.0, fault="exit code 1"))
    assert ratios([measured(round_of(figure(5.0), figure(10.0)), bad)])[2:] == [
        "| web, cold, 25 MB/s, 20 ms, PEP 658 | 2 of 2 | 0.50 | 0.50 | 0.50 | 1.00 | 0.50 |",
        "",
    ]
    assert ratios([measured(bad)])[2] == (
        "| web, cold, 25 MB/s, 20 ms, PEP 658 | 1 of 1 |  | 0.50 | 0.50 |  |  |"
    )


def test_table_of_details() -> None:
    """A line for each tool with medians, range, distance to the limit, memory and stretches."""
    lines = details([measured(round_of(figure(6.0), figure(10.0)), round_of(figure(12.0), figure(10.0)))])
    assert lines[2] == (
        "| web-25-20-metadata-cold | resilient-pip | 9.00 s (6.00 to 12.00) | 4.50 | 96.0 MB | 200 | 4.50 s "
        "| 60.0 MB |  | 3.0, 1.5 s | 3.0, 1.5 s | 3.0, 1.5 s |"
    )
    assert len(lines) == 2 + len(INSTALLERS) + 1


def test_section() -> None:
    """The section has circumstances, the limit, and why a run does not count, by its first line."""
    bad = round_of(figure(1.0), figure(10.0, fault="exit code 1: ERROR\nmore"), load=3.25)
    text = section_of([measured(bad)])
    assert "- web-25-20-metadata-cold, pip 26.3: exit code 1: ERROR\n" in text
    assert (
        "| web-25-20-metadata-cold | 24 November 2026, 7ee5920 | 2 cores | 3.2 "
        "| 2.00 s: 64 wheels of 50.0 MB, 200.0 MB written in 1.00 s |"
    ) in text


@pytest.mark.parametrize(
    ("tool", "lines"),
    [
        pytest.param(
            "resilient-pip",
            {
                1.0: "resilient-pip: [   1 s] planning: done after 1 s (2 pages)",
                2.0: "resilient-pip: [   2 s] group 1/1 a: installing 1 package",
                3.0: "resilient-pip: [   3 s] downloading: done after 2 s",
            },
            id="resilient-pip",
        ),
        pytest.param(
            "pip",
            {
                0.5: "  Downloading a-1.0-py3-none-any.whl.metadata (1 kB)",
                1.0: "Downloading a-1.0-py3-none-any.whl (1 MB)",
                3.0: "Installing collected packages: a",
            },
            id="pip",
        ),
        pytest.param("uv", {1.0: "Resolved 1 package in 1s", 3.0: "Prepared 1 package in 2s"}, id="uv"),
    ],
)
def test_stretches(tool: str, lines: dict[float, str]) -> None:
    """Lines of output divide the run, and the CPU time that was seen last before each line goes with it."""
    seen = watched(lines, {0.9: 0.5, 2.9: 1.5, 4.0: 9.0}, wall_s=5.0, cpu_s=4.5)
    assert stretches(tool, seen) == {
        "plan": Stretch(wall_s=1.0, cpu_s=0.5),
        "download": Stretch(wall_s=2.0, cpu_s=1.0),
        "install": Stretch(wall_s=2.0, cpu_s=3.0),
    }


def test_stretches_of_nothing() -> None:
    """Where all was satisfied, all of it was planning."""
    seen = watched({}, {0.1: 0.1}, wall_s=1.0, cpu_s=0.5)
    nothing = Stretch(wall_s=0.0, cpu_s=0.0)
    whole = stretches("pip", seen)
    assert whole["plan"].wall_s == 1.0
    assert (whole["download"].wall_s, whole["install"]) == (0.0, replace(nothing, cpu_s=0.4))


def test_watching(tmp_path: Path) -> None:
    """A command's output, exit code, CPU time, and the memory of its process and of its child apart."""
    hungry = "b = bytearray(120_000_000); import time; time.sleep(2)"
    script = (
        "import subprocess, sys; print('first', flush=True); "
        f"subprocess.run([sys.executable, '-c', {hungry!r}]); sys.exit(3)"
    )
    seen = watch([sys.executable, "-c", script], env={}, cwd=tmp_path, limit_s=60)
    assert (seen.exit_code, seen.output) == (3, "first")
    assert 0 < seen.own_peak < 100_000_000 < seen.child_peak
    assert seen.cpu_s > 0


def test_an_end_for_what_does_not_end(tmp_path: Path) -> None:
    """What outlives its limit is killed."""
    script = "import time; print('here', flush=True); time.sleep(600)"
    seen = watch([sys.executable, "-c", script], env={}, cwd=tmp_path, limit_s=1.0)
    assert seen.exit_code == -9


def test_differences(tmp_path: Path) -> None:
    """What is missing, has other bytes or is another kind of thing differs; the order of RECORD does not."""
    first, second = tmp_path / "first", tmp_path / "second"
    for root, rows in ((first, "a,,\nb,,\n"), (second, "b,,\na,,\n")):
        (root / "x.dist-info").mkdir(parents=True)
        (root / "x.dist-info" / "RECORD").write_text(rows)
        (root / "same").write_text("same")
    assert differences(first, second) == []
    (first / "only").write_text("")
    (second / "same").write_text("SAME")
    (first / "link").symlink_to("same")
    (second / "link").write_text("same")
    assert differences(first, second) == ["link", "only", "same"]


def test_limit_of_an_environment(tmp_path: Path) -> None:
    """The wheel with the environment's tags counts, and the files that came out of it are written."""
    wheel = make_wheel("demo", "1.0", size=1000)
    mirror, environment = tmp_path / "mirror", Environment(root=tmp_path / "environment")
    (mirror / "files").mkdir(parents=True)
    (mirror / "files" / wheel.filename).write_bytes(wheel.content)
    (mirror / "files" / "demo-1.0-cp39-none-any.whl").write_bytes(b"small")
    info = environment.site_packages / "demo-1.0.dist-info"
    info.mkdir(parents=True)
    assert wheel.metadata is not None
    (info / "METADATA").write_bytes(wheel.metadata)
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n")
    (info / "RECORD").write_text(
        "demo/a.py,sha256=x,70\n../../../bin/demo,,30\ndemo/a.pyc,,9\ndemo/RECORD,,\n"
    )
    packages = PackageSet(requirements=tmp_path / "requirements.txt", mirror=mirror, added=None)
    found = limit_of(environment.root, packages, tmp_path / "scratch")
    assert found == Limit(packages=1, wheels=wheel.size, unpacked=100, write_s=found.write_s)
    assert found.seconds(wheel.size) == pytest.approx(1.0)
    assert {path.name for path in (tmp_path / "scratch").rglob("*")} == {"demo", "a.py", "bin"}
