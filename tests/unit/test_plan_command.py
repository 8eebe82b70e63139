"""`resilient-pip plan`: its options, and the lines of a Dockerfile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from resilient_pip.cli import main
from resilient_pip.errors import UsageError
from resilient_pip.model import Group, Plan, PlannedFile, RequirementForm, Stage, Terms
from resilient_pip.plan_command.arguments import read_plan_arguments
from resilient_pip.plan_command.command import show_plan
from resilient_pip.plan_command.dockerfile import dockerfile_lines, split
from resilient_pip.settings import Settings
from tests.support.runs import IDNA, LARGE, PLAN, SMALL

ODD = Group(name="it's; $HOME <<x", files=(replace(IDNA, file=replace(IDNA.file, size=None)),))


def lines_of(*groups: Group, folder: str = "plan.d") -> list[str]:
    """The Dockerfile's lines of a plan, without those at its head."""
    plan = Plan(stages=(Stage(groups=groups),))
    return dockerfile_lines(split(plan), PurePosixPath(folder), Settings())[3:]


def test_a_line_for_each_group() -> None:
    """With its own plan file and those before it, the cache mount and the group's time-out."""
    assert lines_of(SMALL, LARGE) == [
        "",
        "# idna: 1 package, 70.0 kB: idna 3.10",
        "RUN --mount=type=bind,source=plan.d/10-idna.json,target=/tmp/plan.d/10-idna.json \\",
        "    --mount=type=cache,target=/root/.cache/pip \\",
        "    resilient-pip --install-group=idna --deadline=7min \\",
        "    --plan=/tmp/plan.d/10-idna.json",
        "",
        "# torch: 2 packages, 206.0 MB: sympy 1.14.0, torch 2.9.1",
        "RUN --mount=type=bind,source=plan.d/10-idna.json,target=/tmp/plan.d/10-idna.json \\",
        "    --mount=type=bind,source=plan.d/20-torch.json,target=/tmp/plan.d/20-torch.json \\",
        "    --mount=type=cache,target=/root/.cache/pip \\",
        "    resilient-pip --install-group=torch --deadline=46min \\",
        "    --plan=/tmp/plan.d/10-idna.json \\",
        "    --plan=/tmp/plan.d/20-torch.json",
    ]


def test_an_odd_name_is_quoted() -> None:
    """For the shell; in the file's name it is made plain. Of unknown size there is no time-out in all."""
    lines = lines_of(ODD, folder="deploy/plans")
    assert lines[2].endswith("target=/tmp/plan.d/10-it-s-HOME-x.json \\")
    assert "source=deploy/plans/10-it-s-HOME-x.json," in lines[2]
    assert lines[4] == """    resilient-pip '--install-group=it'"'"'s; $HOME <<x' \\"""


def with_limit(planned: PlannedFile, limit_s: float) -> PlannedFile:
    """Give a file a hard time-out."""
    return replace(planned, terms=Terms(limit_s=limit_s, hard=True, tries=8))


def test_a_long_time_out_and_builds_lengthen_the_group() -> None:
    """All of it has to fit."""
    checkout = replace(IDNA, form=RequirementForm.VCS, file=replace(IDNA.file, filename="repo", size=None))
    group = Group(name="g", files=(with_limit(IDNA, 7200), checkout))
    assert "--deadline=156min" in lines_of(group)[4]


@pytest.mark.parametrize("folder", ["/plan.d", "../plan.d", "plan d", "a,b", "$x"])
def test_a_folder_that_a_dockerfile_cannot_name(folder: str) -> None:
    """It is outside of the build's folder, or would have to be quoted twice."""
    with pytest.raises(UsageError, match="--dockerfile needs a folder below this one"):
        lines_of(SMALL, folder=folder)


def test_a_file_of_this_machine() -> None:
    """No build would find it."""
    local = replace(IDNA, file=replace(IDNA.file, url="file:///x/idna-3.10-py3-none-any.whl"))
    with pytest.raises(UsageError, match="lies on this machine"):
        lines_of(Group(name="g", files=(local,)))


def test_an_empty_plan_has_no_lines() -> None:
    """But for the head."""
    assert lines_of() == []


@pytest.mark.parametrize(
    ("given", "one_call", "message"),
    [
        pytest.param(["--json", "--dockerfile"], False, "--json and --dockerfile are mutually", id="both"),
        pytest.param(["output", "plan_files"], False, "-o saves a new plan.* leave out --plan", id="again"),
        pytest.param(
            ["--dockerfile", "install_groups"],
            False,
            "--dockerfile saves.* leave out --install-group",
            id="part",
        ),
        pytest.param(["install_groups"], True, "--install-group: --target, --force-reinstall", id="one-call"),
        pytest.param(["from_install_group"], True, "--from-install-group: --target", id="one-call-from"),
    ],
)
def test_options_that_contradict_each_other(given: list[str], one_call: bool, message: str) -> None:  # noqa: FBT001 - a parameter of the test
    """One line says which."""
    with pytest.raises(UsageError, match=message):
        read_plan_arguments(dict.fromkeys(given, "x"), one_call=one_call)


def test_nothing_is_saved_that_cannot_be_used(tmp_path: Path) -> None:
    """A plan without a hash is refused before there is a file."""
    arguments = read_plan_arguments({"output": str(tmp_path / "plan.json")}, one_call=False)
    with pytest.raises(UsageError, match=r"idna-3\.10-py3-none-any\.whl has no SHA-256"):
        show_plan(PLAN, arguments, Settings(), cwd=str(tmp_path), width=80)
    assert [*tmp_path.iterdir()] == []


def test_the_help_names_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of plans for both commands, those of saving for `plan`."""
    shown = []
    for words in (["install", "--help"], ["plan", "--help"]):
        assert main(words) == 0
        shown.append(capsys.readouterr().out)
    both, saving = ("--plan", "--install-group", "--from-install-group"), ("-o", "--dockerfile", "--json")
    assert all(f"  {option}" in text for option in both for text in shown)
    assert [option for option in saving if f"  {option} " in shown[0]] == []
    assert [option for option in saving if f"  {option}" in shown[1]] == [*saving]
