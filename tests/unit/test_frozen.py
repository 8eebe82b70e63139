"""The plan out of files: joined, compared with the run, and with the run's own time-outs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from packaging.markers import default_environment

from resilient_pip.errors import PlanOutdated, UsageError
from resilient_pip.frozen import FrozenPlanning
from resilient_pip.install.scheme import Scheme
from resilient_pip.job import Job
from resilient_pip.model import (
    Group,
    Install,
    Plan,
    PlannedFile,
    ProjectName,
    RemoteFile,
    RequirementForm,
    Stage,
    Terms,
    project_name,
)
from resilient_pip.plan_files import write_plan_file
from resilient_pip.settings import Settings
from resilient_pip.target.environment import Installed, Target

MARKERS: Mapping[str, Any] = default_environment()


def group(name: str, *projects: str) -> Group:
    """A group of pure wheels that were asked for."""
    return Group(name=name, files=tuple(map(planned, projects)))


def planned(name: str) -> PlannedFile:
    """A wheel that was asked for."""
    project, filename = project_name(name), f"{name}-1.0-py3-none-any.whl"
    file = RemoteFile(
        project=project, filename=filename, url=f"https://h/{filename}", hashes={"sha256": "aa"}, size=1
    )
    terms = Terms(limit_s=70, hard=True, tries=3)
    return PlannedFile(project=project, name=name, version="1.0", file=file, requested=True, terms=terms)


def save(folder: Path, name: str, *groups: Group, options: tuple[str, ...] = ()) -> str:
    """Write a plan file, and return its path."""
    plan = Plan(stages=(Stage(groups=groups),), options=options, made_for="CPython 3.11 on linux x86_64")
    write_plan_file(folder / name, plan)
    return str(folder / name)


def taken(
    folder: Path,
    *paths: str,
    install: Install | None = None,
    installed: Mapping[ProjectName, Installed] | None = None,
    **settings: Any,
) -> Plan:
    """Take the plan of files, in an empty environment unless something is installed."""
    target = Target(
        python="python",
        sees_global_site=False,
        managers_message=None,
        markers=MARKERS,
        tags=("py3-none-any",),
        purelib=str(folder),
        platlib=str(folder),
        user_site=str(folder),
        has_user_site=False,
        installed={},
    )
    install = install or Install(requirements=())
    job = Job(
        install=install,
        reread=lambda _fetched, _target: install,
        settings=Settings(**settings),
        environ={},
        cwd=str(folder),
        plan_files=paths,
    )
    scheme = Scheme(home=folder, purelib=folder, platlib=folder, base=folder)
    return anyio.run(FrozenPlanning(job=job, target=target, scheme=scheme, installed=installed or {}).run)


def test_files_are_joined_in_their_order(tmp_path: Path) -> None:
    """Into one stage."""
    one, two = save(tmp_path, "1.json", group("b", "b")), save(tmp_path, "2.json", group("a", "a", "c"))
    plan = taken(tmp_path, one, two)
    assert [each.name for each in plan.groups] == ["b", "a"]
    assert (plan.order, len(plan.stages)) == (("b", "a"), 1)


@pytest.mark.parametrize(
    ("second", "options", "message"),
    [
        pytest.param(
            group("x", "b"), (), r"2\.json: install group 'x' is in a file before it too", id="group"
        ),
        pytest.param(group("y", "a"), (), r"2\.json: a is in a file before it too", id="project"),
        pytest.param(group("y", "b"), ("--pre",), r"2\.json: it was made with other options", id="options"),
    ],
)
def test_files_that_cannot_be_joined(
    tmp_path: Path, second: Group, options: tuple[str, ...], message: str
) -> None:
    """One line names the second of them."""
    paths = save(tmp_path, "1.json", group("x", "a")), save(tmp_path, "2.json", second, options=options)
    with pytest.raises(UsageError, match=message):
        taken(tmp_path, *paths)


def test_what_does_not_fit_names_file_and_command(tmp_path: Path) -> None:
    """Those of the file that it is about; of a split the folder is made anew."""
    one = save(tmp_path, "10-x.json", group("x", "a"))
    two = save(tmp_path, "20-y.json", Group(name="y", files=(replace(planned("b"), requires=("missing",)),)))
    with pytest.raises(PlanOutdated) as refused:
        taken(tmp_path, one, two)
    assert str(refused.value) == (
        f"--plan {two}: b==1.0 needs missing, which is neither in the plan nor installed; "
        f"make it anew: resilient-pip plan --dockerfile -o {tmp_path} with the requirements"
    )


@pytest.mark.parametrize(
    ("settings", "terms"),
    [
        pytest.param({}, Terms(limit_s=70, hard=True, tries=3), id="of-the-plan"),
        pytest.param({"tries": 5}, Terms(limit_s=70, hard=True, tries=5), id="tries"),
        pytest.param({"package_timeout_s": 9.0}, Terms(limit_s=9.0, hard=True, tries=3), id="time-out"),
    ],
)
def test_time_outs(tmp_path: Path, settings: dict[str, Any], terms: Terms) -> None:
    """The plan's, but for what the run says itself."""
    (file,) = taken(tmp_path, save(tmp_path, "plan.json", group("x", "a")), **settings).files
    assert file.terms == terms


def test_one_call_gets_one_group(tmp_path: Path) -> None:
    """However many the plan has."""
    path = save(tmp_path, "plan.json", group("x", "a"), group("y", "b"))
    plan = taken(tmp_path, path, install=Install(requirements=(), one_call=True))
    assert [each.name for each in plan.groups] == ["x"]
    assert [file.name for file in plan.files] == ["a", "b"]


@pytest.mark.parametrize("origin", ["[]", "null", '{"url": 1}', '{"url": "x", "vcs_info": null}'])
def test_an_installed_origin_of_any_shape(tmp_path: Path, origin: str) -> None:
    """Who installed it may have written anything there: then it is not what is planned."""
    info = json.dumps({"url": "https://h/a-1.0-py3-none-any.whl", "archive_info": {}})
    direct = replace(planned("a"), form=RequirementForm.DIRECT, direct_url=info)
    path = save(tmp_path, "plan.json", Group(name="x", files=(direct,)))
    there = tmp_path / "a-1.0.dist-info"
    there.mkdir()
    (there / "direct_url.json").write_text(origin)
    installed = {project_name("a"): Installed(name="a", version="1.0")}
    assert [file.replaces for file in taken(tmp_path, path, installed=installed).files] == ["1.0"]


def test_a_url_stands_as_metadata_writes_it(tmp_path: Path) -> None:
    """With the plan's hash behind it, pip would take it for another one."""
    url = "https://h/a-1.0-py3-none-any.whl"
    info = json.dumps({"url": url, "archive_info": {"hashes": {"sha256": "aa"}}})
    direct = replace(planned("a"), form=RequirementForm.DIRECT, direct_url=info, requested=False)
    asking = replace(planned("b"), requires=(f"a @ {url}",))
    path = save(tmp_path, "plan.json", Group(name="x", files=(direct, asking)))
    assert [file.reference for file in taken(tmp_path, path).files] == [url, None]
