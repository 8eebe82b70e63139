"""Whether a plan fits: what differs, in words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.model import (
    Group,
    Install,
    Plan,
    PlannedFile,
    RemoteFile,
    Requirement,
    RequirementForm,
    Stage,
    project_name,
)
from resilient_pip.plan.fit import dependency_misfits, interpreter_misfits, option_misfits
from resilient_pip.plan.fit_lines import constraint_misfits, requirement_misfits
from resilient_pip.target.environment import Installed

ENVIRONMENT = {
    "platform_python_implementation": "CPython",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
}
HERE = "CPython 3.11 on linux x86_64"
TARGET = TargetMarkers(environment=ENVIRONMENT, tags=("cp311-cp311-linux_x86_64", "py3-none-any"))


def planned(
    name: str, *, end: str = "py3-none-any.whl", requested: bool = True, **changes: Any
) -> PlannedFile:
    """A planned file of version 1.0."""
    filename = f"{name}-1.0.tar.gz" if end == "tar.gz" else f"{name}-1.0-{end}"
    file = RemoteFile(
        project=project_name(name), filename=filename, url=f"https://h/{filename}", hashes={"sha256": "aa"}
    )
    whole = PlannedFile(project=file.project, name=name, version="1.0", file=file, requested=requested)
    return replace(whole, **changes)


def plan_of(*files: PlannedFile, options: tuple[str, ...] = ()) -> Plan:
    """A plan of one group."""
    stage = Stage(groups=(Group(name="first", files=files),))
    return Plan(stages=(stage,), options=options, made_for="CPython 3.10 on linux x86_64")


def asked(text: str, name: str | None = None, **changes: Any) -> Requirement:
    """A requirement of the user."""
    return replace(Requirement(text=text, name=project_name(name or text)), **changes)


FOR = "the plan was made for CPython 3.10 on linux x86_64"


@pytest.mark.parametrize(
    ("file", "options", "reasons"),
    [
        pytest.param(planned("a"), (), [], id="pure"),
        pytest.param(planned("a", end="tar.gz", requires_python=">=3.9"), (), [], id="sdist"),
        pytest.param(planned("a", end="cp311-cp311-linux_x86_64.whl"), (), [], id="own"),
        pytest.param(
            planned("a", end="cp310-cp310-linux_x86_64.whl"),
            (),
            [f"a-1.0-cp310-cp310-linux_x86_64.whl cannot be installed for {HERE}; {FOR}"],
            id="tag",
        ),
        pytest.param(
            planned("a", end="cp310-cp310-linux_x86_64.whl"), ("--python-version=3.10",), [], id="foreign"
        ),
        pytest.param(
            planned("a", requires_python="<3.11"),
            (),
            [f"a==1.0 needs Python <3.11, this is {HERE}; {FOR}"],
            id="python",
        ),
        pytest.param(planned("a", requires_python="<3.11"), ("--ignore-requires-python",), [], id="ignored"),
        pytest.param(planned("a", requires_python="nonsense"), (), [], id="nonsense"),
    ],
)
def test_the_interpreter(file: PlannedFile, options: tuple[str, ...], reasons: list[str]) -> None:
    """Tags of wheels and Requires-Python decide, unless an option says otherwise."""
    install = Install(requirements=(), plan_options=options)
    assert [one.reason for one in interpreter_misfits(plan_of(file), install, TARGET)] == reasons


@pytest.mark.parametrize(
    ("here", "there", "requirements", "reasons"),
    [
        pytest.param(("-U", "--pre"), ("--pre",), ("a",), [], id="same"),
        pytest.param((), ("--pre",), (), [], id="not-repeated"),
        pytest.param((), ("--pre",), ("a",), ["it was made with --pre"], id="lost"),
        pytest.param(("--pre",), (), (), ["it was made without --pre"], id="added"),
    ],
)
def test_options(
    here: tuple[str, ...], there: tuple[str, ...], requirements: tuple[str, ...], reasons: list[str]
) -> None:
    """Those that decide which files may be chosen are the same, or left out with the requirements."""
    install = Install(requirements=tuple(map(asked, requirements)), plan_options=here)
    assert [one.reason for one in option_misfits(plan_of(planned("a"), options=there), install)] == reasons


@pytest.mark.parametrize(
    ("options", "wheel", "sdist"),
    [
        pytest.param((), True, True, id="none"),
        pytest.param(("--no-binary=:all:",), False, True, id="no-binary"),
        pytest.param(("--only-binary=:all:",), True, False, id="only-binary"),
        pytest.param(("--only-binary=:all:", "--no-binary=b,A"), False, True, id="name-beats-all"),
        pytest.param(("--no-binary=other",), True, True, id="another"),
    ],
)
def test_format_control(options: tuple[str, ...], *, wheel: bool, sdist: bool) -> None:
    """As pip reads it."""
    install = Install(requirements=(), plan_options=options)
    found = [
        not [*option_misfits(plan_of(planned("a", end=end)), install)]
        for end in ("py3-none-any.whl", "tar.gz")
    ]
    assert found == [wheel, sdist]


@pytest.mark.parametrize(
    ("files", "installed", "reasons"),
    [
        pytest.param([planned("a", requires=("b",)), planned("b", requested=False)], [], [], id="whole"),
        pytest.param(
            [planned("a", requires=("b>1",)), planned("b", requested=False)],
            [],
            ["a==1.0 needs b>1, and 1.0 would be there"],
            id="too-old",
        ),
        pytest.param(
            [planned("a", requires=("b; python_version > '3.10'",))],
            [],
            ["a==1.0 needs b, which is neither in the plan nor installed"],
            id="missing-here",
        ),
        pytest.param([planned("a", requires=("b",))], [("b", "3")], [], id="installed"),
        pytest.param(
            [planned("a", requires=("b; python_version < '3.11'",)), planned("b", requested=False)],
            [],
            [f"nothing needs b==1.0 for {HERE}; {FOR}"],
            id="not-needed-here",
        ),
        pytest.param([planned("a"), planned("b", requested=False)], [], [], id="pip-knows-why"),
        pytest.param(
            [
                planned("a", requires=("b[fast]",)),
                planned("b", requested=False, requires=("c; extra == 'fast'", "d; extra == 'slow'")),
                planned("c", requested=False),
            ],
            [],
            [],
            id="extra-of-a-dependency",
        ),
        pytest.param(
            [planned("a", extras=frozenset({"x"}), requires=("c; extra == 'x'",))],
            [],
            ["a==1.0 needs c, which is neither in the plan nor installed"],
            id="extra-of-the-user",
        ),
    ],
)
def test_dependencies(files: list[PlannedFile], installed: list[tuple[str, str]], reasons: list[str]) -> None:
    """Under this target's markers everything needed is there, and nothing that a marker excludes."""
    present = {project_name(name): Installed(name=name, version=version) for name, version in installed}
    found = dependency_misfits(plan_of(*files), present, ENVIRONMENT)
    assert [one.reason for one in found] == reasons


CHECKOUT = planned(
    "repo",
    form=RequirementForm.VCS,
    direct_url=json.dumps(
        {
            "url": "https://h/repo",
            "vcs_info": {"vcs": "git", "commit_id": "c0ffee", "requested_revision": "v1"},
        }
    ),
)
CHECKOUT = replace(CHECKOUT, file=replace(CHECKOUT.file, url="https://h/repo"))
DIRECT = planned(
    "a", form=RequirementForm.DIRECT, direct_url=json.dumps({"url": "https://h/a-1.0-py3-none-any.whl"})
)
VCS = RequirementForm.VCS


@pytest.mark.parametrize(
    ("file", "lines", "options", "reasons"),
    [
        pytest.param(planned("a"), [asked("a>=1", "a")], (), [], id="same"),
        pytest.param(
            planned("a"), [asked("a>1", "a")], (), ["it has a==1.0, and not a>1"], id="another-version"
        ),
        pytest.param(planned("a"), [asked("a"), asked("b")], (), ["it does not have b"], id="more"),
        pytest.param(
            planned("a"), [asked("there")], (), ["it has a==1.0, which nobody asks for any more"], id="less"
        ),
        pytest.param(
            planned("a", requested=False),
            [asked("a")],
            (),
            ["it has a==1.0, but not for a requirement like a"],
            id="was-a-dependency",
        ),
        pytest.param(
            planned("a"),
            [asked("a[x]", "a", extras=frozenset({"x"}))],
            (),
            ["it has a==1.0, but not for a requirement like a[x]"],
            id="extra",
        ),
        pytest.param(
            planned("a"), [asked("a", options=("--hash=sha256:aa", "--hash=sha256:bb"))], (), [], id="hash"
        ),
        pytest.param(
            planned("a"),
            [asked("a", options=("--hash=sha256:bb",))],
            (),
            ["a-1.0-py3-none-any.whl has another hash there than a --hash=sha256:bb"],
            id="another-hash",
        ),
        pytest.param(
            planned("a"),
            [asked("a")],
            ("--require-hashes",),
            ["it has a==1.0, for which no --hash is given"],
            id="no-hash",
        ),
        pytest.param(
            planned("a", end="tar.gz"),
            [asked("a", options=("--config-settings=k=v",))],
            (),
            ["it has a==1.0 without --config-settings=k=v"],
            id="config-settings",
        ),
        pytest.param(
            planned("a"), [asked("a", options=("--config-settings=k=v",))], (), [], id="of-what-is-not-built"
        ),
        pytest.param(
            DIRECT,
            [
                asked(
                    "a @ https://u:p@h/a-1.0-py3-none-any.whl?x=y#sha256=aa", "a", form=RequirementForm.DIRECT
                )
            ],
            (),
            [],
            id="url",
        ),
        pytest.param(
            planned("a"),
            [asked("a @ https://h/a.whl", "a", form=RequirementForm.DIRECT)],
            (),
            ["it has a==1.0, and not a @ https://h/a.whl"],
            id="url-now",
        ),
        pytest.param(CHECKOUT, [asked("git+https://t@h/repo@v1", "repo", form=VCS)], (), [], id="revision"),
        pytest.param(
            CHECKOUT,
            [asked("git+https://h/repo@v2", "repo", form=VCS)],
            (),
            ["it has repo==1.0, and not git+https://h/repo@v2"],
            id="another-revision",
        ),
        pytest.param(
            CHECKOUT,
            [asked("git+https://h/repo", "repo", form=VCS)],
            (),
            ["it has repo==1.0, and not git+https://h/repo"],
            id="no-revision",
        ),
    ],
)
def test_requirements(
    file: PlannedFile, lines: list[Requirement], options: tuple[str, ...], reasons: list[str]
) -> None:
    """What is asked for is there, and nothing else is; what is installed counts as there."""
    install = Install(requirements=tuple(lines), plan_options=options)
    there = {project_name("there"): Installed(name="there", version="1")}
    found = requirement_misfits(plan_of(file), lines, install, there, cwd="/")
    assert [one.reason for one in found] == reasons


def test_constraints() -> None:
    """Those of planned projects whose markers hold."""
    lines = [
        asked("a<1", "a"),
        asked("a>1; python_version < '3'", "a"),
        asked("other<1", "other"),
        asked("a>=1", "a", options=("--hash=sha256:bb",)),
    ]
    found = constraint_misfits(plan_of(planned("a")), lines, ENVIRONMENT, cwd="/")
    assert [one.reason for one in found] == [
        "it has a==1.0, and not a<1",
        "a-1.0-py3-none-any.whl has another hash there than a>=1 --hash=sha256:bb",
    ]
