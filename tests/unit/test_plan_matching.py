"""Telling which planned file belongs to which requirement."""

from __future__ import annotations

import pytest

from resilient_pip.model import (
    PlannedFile,
    ProjectName,
    RemoteFile,
    Requirement,
    RequirementForm,
    project_name,
)
from resilient_pip.plan.matching import complete, extras_of, name_requirements
from resilient_pip.plan.references import at_commit, read_reference, same_place
from resilient_pip.plan.report import Report

LINUX = {"python_version": "3.11", "sys_platform": "linux"}
D, V, L, E = RequirementForm.DIRECT, RequirementForm.VCS, RequirementForm.LOCAL, RequirementForm.EDITABLE


def planned(
    name: str,
    url: str = "https://h/f",
    form: RequirementForm = RequirementForm.NAMED,
    *,
    requested: bool = True,
    requires: tuple[str, ...] = (),
) -> PlannedFile:
    """A planned file."""
    file = RemoteFile(project=project_name(name), filename="f", url=url)
    return PlannedFile(
        project=file.project,
        name=name,
        version="1",
        file=file,
        form=form,
        requested=requested,
        requires=requires,
    )


def named(text: str, name: str | None = None, **rest: object) -> Requirement:
    """A requirement."""
    return Requirement(text=text, name=project_name(name) if name else None, **rest)  # type: ignore[arg-type]  # test shorthand


def names(requirements: list[Requirement], files: list[PlannedFile]) -> list[ProjectName | None]:
    """The names that the requirements get from the plan."""
    report = Report(files=tuple(files), environment=LINUX)
    return [item.name for item in name_requirements(requirements, report, cwd="/work")]


@pytest.mark.parametrize(
    ("text", "url", "marker"),
    [
        pytest.param("torch>=2; python_version > '3'", None, 'python_version > "3"', id="name"),
        pytest.param(
            "x[e] @ https://u:p@h/x.whl#sha256=aa ; python_version > '3'",
            "https://u:p@h/x.whl#sha256=aa",
            'python_version > "3"',
            id="name and URL",
        ),
        pytest.param("https://h/x;y.whl", "https://h/x;y.whl", None, id="bare URL"),
        pytest.param(
            "git+https://h/x@main#egg=x; sys_platform == 'linux'",
            "git+https://h/x@main#egg=x",
            'sys_platform == "linux"',
            id="bare VCS URL",
        ),
        pytest.param(
            "./a b[dev];sys_platform=='linux'", "file:///work/a%20b", 'sys_platform == "linux"', id="path"
        ),
        pytest.param("../x-1.0.tar.gz", "file:///x-1.0.tar.gz", None, id="path upwards"),
        pytest.param("file:pkg", "file:pkg", None, id="file URL"),
        pytest.param("./x; no marker", "file:///work/x", None, id="unreadable marker"),
    ],
)
def test_read_reference(text: str, url: str | None, marker: str | None) -> None:
    """A line is taken apart as pip takes it."""
    reference = read_reference(Requirement(text=text), cwd="/work")
    assert (reference.url, str(reference.marker) if reference.marker else None) == (url, marker)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("https://u:p@h/x.whl#sha256=aa", "https://h/x.whl", True, id="credentials, fragment"),
        pytest.param("git+ssh://git@h/x.git@v1#egg=x", "ssh://h/x.git", True, id="VCS prefix and revision"),
        pytest.param("file:///a%20b/", "file:///a b", True, id="quoting, slash"),
        pytest.param("https://h/@s/x.whl", "https://h/x.whl", False, id="an @ that is no revision"),
        pytest.param("https://h/x?v=1", "https://h/x?v=2", False, id="query"),
        pytest.param("http://h/x", "https://h/x", False, id="scheme"),
    ],
)
def test_same_place(one: str, other: str, *, same: bool) -> None:
    """Two URLs name one place, or not."""
    assert same_place(one, other) is same


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("git+https://h/x.git@main#egg=x", "git+https://h/x.git@c0#egg=x", id="branch"),
        pytest.param("git+ssh://git@h/x.git", "git+ssh://git@h/x.git@c0", id="user in the host, no revision"),
        pytest.param("git+file:///r/x@v1", "git+file:///r/x@c0", id="file"),
    ],
)
def test_at_commit(url: str, expected: str) -> None:
    """A VCS URL is pointed to one commit."""
    assert at_commit(url, "c0") == expected


def test_a_marker_that_excludes_the_target_takes_the_requirement_out() -> None:
    """The report's environment decides, whatever `applies` says for another interpreter."""
    requirements = [
        named("a; sys_platform == 'win32'", "a"),
        named("b; sys_platform == 'linux'", "b", applies=False),
    ]
    assert names(requirements, [planned("b")]) == ["b"]


def test_a_path_or_url_is_recognised_by_its_place() -> None:
    """Credentials and revisions do not count."""
    requirements = [
        named("./pkg[dev]", form=L),
        named("https://u:p@h/x.tar.gz#sha256=aa", form=D),
        named("git+https://h/repo@main", form=V),
    ]
    files = [
        planned("x", "https://h/x.tar.gz", D),
        planned("repo", "https://h/repo", V),
        planned("pkg", "file:///work/pkg", L),
    ]
    assert names(requirements, files) == ["pkg", "x", "repo"]


def test_the_only_one_left_is_recognised() -> None:
    """Where a place does not tell (a link, say), one unnamed requirement and one requested file match."""
    files = [planned("a"), planned("x", "file:///elsewhere", L), planned("dep", requested=False)]
    assert names([named("a", "a"), named("./link", form=L)], files) == ["a", "x"]


def test_what_is_ambiguous_stays_unnamed() -> None:
    """Two unnamed requirements are not guessed."""
    files = [planned("x", "file:///e/x", L), planned("y", "file:///e/y", L)]
    assert names([named("./a", form=L), named("./b", form=L)], files) == [None, None]


def test_extras_of_several_lines_unite() -> None:
    """The user's extras of a project, wherever they stand."""
    requirements = [
        named("x[a]", "x", extras=frozenset({"a"})),
        named("x[b]", "x", extras=frozenset({"b"})),
        named("./unnamed", form=L),
    ]
    assert extras_of(requirements) == {"x": {"a", "b"}}


def test_files_learn_what_the_users_lines_say() -> None:
    """Extras, build options and the reference; a constraint or a dependency may bring the URL too."""
    requirements = [
        named(
            "x[a] @ https://u:p@h/x.tar.gz#subdirectory=s",
            "x",
            form=D,
            extras=frozenset({"a"}),
            options=("--hash=sha256:aa", "--config-settings=k=v"),
        ),
        named(".[dev]", "here", form=E, extras=frozenset({"dev"})),
        named("plain", "plain"),
        named("bounded", "bounded"),
    ]
    files = [
        planned("x", "https://h/x.tar.gz", D),
        planned("here", "file:///work", E),
        planned(
            "plain", requires=("dep @ git+https://t@h/dep@v1", "no @ https://h/n; sys_platform=='win32'", "?")
        ),
        planned("bounded", "https://h/bounded.whl", D),
        planned("dep", "https://h/dep", V, requested=False),
        planned("odd", "https://h/odd.whl", D, requested=False),
    ]
    completed = complete(
        files,
        requirements=requirements,
        constraints=[named("bounded @ https://q@h/bounded.whl", "bounded", form=D)],
        environment=LINUX,
        cwd="/work",
    )
    assert [(file.name, sorted(file.extras), file.build_options, file.reference) for file in completed] == [
        ("x", ["a"], ("--config-settings=k=v",), "https://u:p@h/x.tar.gz#subdirectory=s"),
        ("here", ["dev"], (), ".[dev]"),
        ("plain", [], (), None),
        ("bounded", [], (), "https://q@h/bounded.whl"),
        ("dep", [], (), "git+https://t@h/dep@v1"),
        ("odd", [], (), "https://h/odd.whl"),
    ]


@pytest.mark.parametrize(
    ("texts", "spelling"),
    [
        pytest.param(["Demo.App>=1", "demo-app"], "Demo.App", id="the-first-of-two"),
        pytest.param(["demo_app @ https://h/Demo_App-1.tar.gz"], "demo_app", id="url"),
        pytest.param(["https://h/Demo_App-1-py3-none-any.whl#sha256=aa"], "Demo_App", id="bare-wheel"),
        pytest.param(["./files/demo_APP-1-py3-none-any.whl[x]"], "demo_APP", id="path-of-a-wheel"),
        pytest.param(["git+https://h/repo#subdirectory=a&egg=DEMO-app"], "DEMO-app", id="egg"),
        pytest.param(["https://h/Demo_App-1.tar.gz"], None, id="bare-sdist"),
    ],
)
def test_a_project_is_asked_for_as_the_first_line_spells_it(texts: list[str], spelling: str | None) -> None:
    """Pip names a folder by that, whatever the metadata says; where no line tells, the metadata does."""
    (file,) = complete(
        [planned("demo-app")],
        requirements=[named(text, "demo-app") for text in texts],
        constraints=[],
        environment=LINUX,
        cwd="/work",
    )
    assert file.asked_as == spelling
