"""The benchmark of Dockerfiles: what it builds, and the table that it writes."""

from __future__ import annotations

from benchmarks.builds import Row
from benchmarks.docker import PAGE, PROGRAM, recipes
from benchmarks.docker_section import Sitting, section_of, table_of
from benchmarks.page import replaced
from tests.docker.examples import example, required


def row(recipe: str, exit_code: int | None, importable: dict[str, str] | None = None, *block: str) -> Row:
    """Make a row; a build that fails ends with 75."""
    return Row(
        recipe=recipe,
        condition="clean",
        exit_code=exit_code,
        command_exit=75 if exit_code else None,
        elapsed_s=61.0,
        silence_s=9.5,
        sent=90_000_000,
        importable=importable or {},
        block=block,
    )


def sitting(*rows: Row) -> Sitting:
    """Make what a run of the benchmark finds."""
    return Sitting(
        command="python -m benchmarks.docker",
        date="24 November 2026",
        machine="2 cores",
        commit="5780da7",
        jobs=3,
        cap_s=600.0,
        wanted=required(),
        rows=rows,
    )


ALL = {requirement.name: "99" for requirement in required()} | {"protobuf": "3.20.3", "torch": "2.13.0"}


def test_each_recipe_is_less_of_a_trap_than_the_one_before() -> None:
    """Both examples as they are, and between them the first without its time-out and its upgrade."""
    before, default, old, after = (recipe.text for recipe in recipes())
    assert (before, after) == (example("before"), example("after"))
    assert "=1000 " not in default.partition("FROM")[2]
    assert "--upgrade" in default
    assert "--upgrade" not in old
    assert default.count("pip install") == old.count("pip install") + 1


def test_the_table_tells_what_docker_says_and_what_is_there() -> None:
    """A success may be none: what is missing, and what has another version than was asked for."""
    wrong = {**ALL, "protobuf": "6.33.0"}
    del wrong["transformers"]
    remarks = "no transformers; protobuf 6.33.0 instead of <4.21,>=3.20"
    lines = table_of(
        sitting(row("whole", 0, ALL), row("wrong", 0, wrong), row("failed", 1), row("stuck", None))
    )
    assert lines[2:] == [
        "| clean | whole | success | 9 | 1 min 1 s | 9.5 s | 90.0 MB |",
        f"| clean | wrong | success | 8; {remarks} | 1 min 1 s | 9.5 s | 90.0 MB |",
        "| clean | failed | failure, exit code 75 of the RUN line | no image | 1 min 1 s | 9.5 s | 90.0 MB |",
        "| clean | stuck | nothing: still running, ended | no image | 1 min 1 s | 9.5 s | 90.0 MB |",
        "",
    ]


def test_the_section_finds_its_place() -> None:
    """docs/docker.md has the marks; the failure block of a build is shown as it was."""
    section = section_of(sitting(row("after", 1, None, "resilient-pip: FAILED", "  package   torch")))
    assert "\n\n    resilient-pip: FAILED\n      package   torch\n" in section
    assert section in replaced(PAGE.read_text(), PROGRAM, section)
