"""What becomes of trials: rows, sums over them, and a section of the page; no trial is run here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.naming import leniently, spelled_out
from benchmarks.page import END, begin, replaced
from benchmarks.peers import INSTALLERS
from benchmarks.report import Report
from benchmarks.resume import Resumed
from benchmarks.rows import Outcome, Row, Sums, row_of, sums_of
from benchmarks.section import all_rows, section_of, summary
from tests.lab.scenario import Failure, Resource, Scenario
from tests.lab.trial import Errand, Trial
from tests.support.environments import Line, Run

PROGRAM = "benchmarks.faults"
BEGIN = begin(PROGRAM)
SCENARIO = Scenario(name="file-stall", resource=Resource.FILE, summary="silence")
HOPELESS = Scenario(
    name="file-503",
    resource=Resource.FILE,
    summary="HTTP 503",
    failure=Failure(exit_codes=frozenset({75}), words=("503",)),
)
ALL = frozenset({"torch", "early-one", "early-two", "resident"})


def trial(
    exit_code: int | None, *, named: bool | None, installed: frozenset[str], importable: bool = True
) -> Trial:
    """Make what the laboratory tells of one trial."""
    return Trial(
        scenario=SCENARIO.name,
        tool="pip",
        exit_code=exit_code,
        elapsed_s=12.0,
        longest_silence_s=4.0,
        useful=400_000,
        beyond_useful=70_000,
        named=named,
        installed=installed,
        importable=importable,
        leaked=False,
        peak_memory=0,
        output="",
    )


def row(
    scenario: str, tool: str, outcome: Outcome, *, must_succeed: bool = True, silence_s: float = 1.0
) -> Row:
    """Make a row of 12 s with 70 kB beyond the useful."""
    return Row(
        scenario=scenario,
        must_succeed=must_succeed,
        tool=tool,
        outcome=outcome,
        elapsed_s=12.0,
        silence_s=silence_s,
        beyond_useful=70_000,
    )


ROWS = (
    row("stall", "resilient-pip", Outcome.INSTALLED),
    row("stall", "pip", Outcome.RUNNING, silence_s=300.0),
    row("cut", "resilient-pip", Outcome.INSTALLED),
    row("cut", "pip", Outcome.UNNAMED),
    row("gone", "resilient-pip", Outcome.NAMED, must_succeed=False),
    row("gone", "pip", Outcome.INSTALLED, must_succeed=False),
)
REPORT = Report(
    command="python -m benchmarks.faults",
    date="24 November 2026",
    machine="2 cores",
    commit="5780da7",
    jobs=12,
    cap_s=300.0,
    rows=list(ROWS),
    resumed=[
        Resumed(tool="pip", size=60_000_000, first=30_000_000, second=60_000_000, installed=True),
        Resumed(tool="uv", size=60_000_000, first=30_000_000, second=60_000_000, installed=False),
    ],
)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        pytest.param(trial(0, named=None, installed=ALL), Outcome.INSTALLED, id="installed"),
        pytest.param(trial(1, named=True, installed=frozenset()), Outcome.NAMED, id="named"),
        pytest.param(trial(1, named=False, installed=ALL), Outcome.UNNAMED, id="not-named"),
        pytest.param(trial(None, named=True, installed=ALL), Outcome.RUNNING, id="ended-at-the-cap"),
        pytest.param(trial(0, named=None, installed=ALL - {"torch"}), Outcome.WRONG, id="missing"),
        pytest.param(
            trial(0, named=None, installed=ALL, importable=False), Outcome.WRONG, id="not-importable"
        ),
    ],
)
def test_a_trial_is_judged(found: Trial, outcome: Outcome) -> None:
    """The exit code alone does not make a success, and what was ended has no outcome of its own."""
    assert row_of(SCENARIO, found) == row("file-stall", "pip", outcome, silence_s=4.0)
    assert not row_of(HOPELESS, found).must_succeed


def test_sums_count_a_success_only_where_there_had_to_be_one() -> None:
    """What was installed against all hope is no point in favour."""
    assert sums_of([each for each in ROWS if each.tool == "pip"]) == Sums(
        succeeded=0,
        must_succeed=2,
        running=1,
        wrong=0,
        named=0,
        failed=1,
        silence_s=300.0,
        beyond_useful=210_000,
    )


def test_the_summary_has_a_line_for_each_tool() -> None:
    """Counts stand beside what they are out of."""
    assert summary(ROWS)[2:] == [
        "| resilient-pip | 2 of 2 | 0 | 0 | 1 of 1 | 1.0 s | 210.0 kB |",
        "| pip | 0 of 2 | 1 | 0 | 0 of 1 | 5 min | 210.0 kB |",
        "",
    ]


def test_the_table_has_a_line_for_each_scenario() -> None:
    """In the order of the scenarios, with the tools side by side."""
    head, _, first, *_ = all_rows(ROWS)
    assert head == "| scenario | must succeed | resilient-pip | pip |"
    assert first == (
        "| stall | yes | **installed** 12 s, silent 1.0 s, +70.0 kB "
        "| **still running** 12 s, silent 5 min, +70.0 kB |"
    )


def test_a_section_takes_the_place_of_the_one_before() -> None:
    """What stands around the marks stays, and a second run changes nothing."""
    page = f"# Measurements\n\n{BEGIN}\nold\n{END}\n\n## Other\n"
    once = replaced(page, PROGRAM, "new\n")
    assert once == f"# Measurements\n\n{BEGIN}\nnew\n\n{END}\n\n## Other\n"
    assert replaced(once, PROGRAM, "new\n") == once


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("# Measurements\n", id="neither"),
        pytest.param(f"{BEGIN}\n", id="no-end"),
        pytest.param(f"{END}\n{BEGIN}\n", id="in-the-wrong-order"),
    ],
)
def test_a_page_without_marks_is_refused(page: str) -> None:
    """Rather than written to somewhere."""
    with pytest.raises(ValueError, match="no place for the section"):
        replaced(page, PROGRAM, "new\n")


def test_the_section_says_how_it_came_about() -> None:
    """Command, day, machine, cap and what was killed stand in it."""
    section = section_of(REPORT)
    assert "`python -m benchmarks.faults`, 24 November 2026; resilient-pip at 5780da7; 2 cores." in section
    assert "12 trials ran at a time" in section
    assert "one that took\n5 min was ended" in section
    assert "| pip | 30.0 MB | 60.0 MB | installed |\n| uv | 30.0 MB | 60.0 MB | failed |" in section


def test_a_report_survives_its_file() -> None:
    """So that page and picture can be made again."""
    assert Report.from_json(REPORT.to_json()) == REPORT


@pytest.mark.parametrize(
    ("printed", "url"),
    [
        pytest.param(
            "OSError: HTTPConnectionPool(host='127.0.0.1', port=80): Max retries exceeded with url: "
            "/files/torch-1.0.whl (Caused by ResponseError('too many 503 error responses'))",
            "http://127.0.0.1:80/files/torch-1.0.whl",
            id="pip-gives-up",
        ),
        pytest.param(
            """after connection broken by 'NewConnectionError("HTTPSConnection(host='a.example', """
            """port=443): Failed to resolve 'a.example'")': /simple/torch/""",
            "https://a.example:443/simple/torch/",
            id="pip-tries-again",
        ),
    ],
)
def test_a_url_that_is_told_in_parts_counts_as_told(printed: str, url: str) -> None:
    """That is how urllib3 says it, and pip shows it: host, port and path one after the other."""
    run = Run(returncode=1, elapsed_s=1.0, lines=(Line(0.5, "stderr", printed),))
    assert spelled_out(run).splitlines() == [printed, "", url]


def test_any_cause_is_accepted_from_every_tool() -> None:
    """What resilient-pip calls a fault is not what others have to call it."""
    strict, hopeless = leniently(SCENARIO).failure, leniently(HOPELESS).failure
    assert strict is not None
    assert hopeless is not None
    assert {"interrupted", "timed out", "connection reset"} <= set(strict.words)
    assert not any(word.isdigit() for word in strict.words)
    assert hopeless == Failure(exit_codes=frozenset({75}), words=("503", *strict.words))


def test_nothing_but_the_index_is_configured() -> None:
    """Each installer is asked in its own words for the same."""
    errand = Errand(
        python=Path("/env/python"),
        requirements=Path("/r.txt"),
        index_url="http://127.0.0.1/simple/",
        folder=Path("/own"),
        cert=None,
    )
    asked = ["--python", "/env/python", "--index-url", "http://127.0.0.1/simple/", "-r", "/r.txt"]
    ours, pip, uv = (INSTALLERS[name].tool() for name in ("resilient-pip", "pip", "uv"))
    assert ours.argv(errand) == [sys.executable, "-m", "resilient_pip", "install", *asked]
    assert pip.argv(errand)[1:] == ["-m", "pip", *asked[:2], "install", *asked[2:]]
    assert uv.argv(errand)[1:] == ["pip", "install", *asked]
    shared = {"PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1"}
    assert pip.env(errand) == {**shared, "PIP_CACHE_DIR": "/own/cache"}
    assert uv.env(errand) == {**shared, "UV_CACHE_DIR": "/own/cache"}
