"""The private folder of one run: rewritten requirement files, pip's report and copy, logs, links."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from resilient_pip.child.files import write_requirements_file
from resilient_pip.child.guarding import guarded
from resilient_pip.disk.storing import storing
from resilient_pip.errors import StorageError
from resilient_pip.model import Install, Requirement, RequirementForm
from resilient_pip.pip_options import Child, words

_PARENT = re.compile(r"\(from (\w[\w.-]*)(?:\[[^]]*\])?\)")
"""The project that needs something, as pip normalises it, with extras."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder, mode 0700, and what lies where in it."""

    root: Path

    @property
    def requirements(self) -> Path:
        """Every requirement, one a line, for the pip that plans."""
        return self.root / "requirements.txt"

    @property
    def constraints(self) -> Path:
        """Every constraint, one a line."""
        return self.root / "constraints.txt"

    @property
    def build_constraints(self) -> Path:
        """Every build constraint that a file behind a URL holds, one a line."""
        return self.root / "build-constraints.txt"

    @property
    def report(self) -> Path:
        """Where pip writes its installation report."""
        return self.root / "report.json"

    @property
    def direct(self) -> Path:
        """The cache of the pip that plans, with the wheels that the user names by URL."""
        return self.root / "direct"

    @property
    def logs(self) -> Path:
        """One file per child with all that it printed."""
        return self.root / "logs"

    @property
    def temporary(self) -> Path:
        """TMPDIR of the children, so that what they leave goes with the run."""
        return self.root / "tmp"


@contextmanager
def open_workspace() -> Iterator[Workspace]:
    """Make the folder and take it away again, whatever happens in between; children of a killed run go too.

    Raises:
        StorageError: no temporary folder can be written.
    """
    try:
        root = Path(tempfile.mkdtemp(prefix="resilient-pip-"))
    except OSError as error:
        raise StorageError(path=tempfile.gettempdir(), reason=error.strerror or str(error)) from error
    with guarded(root):
        try:
            workspace = Workspace(root)
            workspace.logs.mkdir()
            workspace.temporary.mkdir()
            yield workspace
        finally:
            shutil.rmtree(root, ignore_errors=True)


def write_requirements(workspace: Workspace, install: Install) -> None:
    """Write requirements and constraints as pip shall read them: flat, without any option of location.

    An `--index-url` in a file beats the command line in pip; the flat copies hold none, so nothing leads
    pip past the gateway.
    """
    write_requirements_file(workspace.requirements, (each.line for each in install.requirements))
    write_requirements_file(workspace.constraints, (each.line for each in install.constraints))


def write_build_constraints(workspace: Workspace, install: Install) -> Install:
    """Write what files behind URLs say of builds, and tell the children of it: they need no network then.

    Raises:
        StorageError: it cannot be written.
    """
    if not install.build_constraints:
        return install
    with storing(workspace.build_constraints):
        write_requirements_file(workspace.build_constraints, install.build_constraints)
    given = {"build_constraints": [workspace.build_constraints]}
    return replace(
        install,
        plan_options=(*install.plan_options, *words(Child.PLAN, given, {})),
        build_options=(*install.build_options, *words(Child.BUILD, given, {})),
        install_options=(*install.install_options, *words(Child.INSTALL, given, {})),
    )


def in_users_words(workspace: Workspace, install: Install, text: str) -> str:
    """Turn pip's mentions of the flat copies back into the user's files and lines."""
    files = {
        str(workspace.requirements): ("-r", install.requirements),
        str(workspace.constraints): ("-c", install.constraints),
    }
    pattern = re.compile(rf"(?:-[rc] )?({'|'.join(map(re.escape, files))}) \(line (\d+)\)")

    def name(found: re.Match[str]) -> str:
        flag, requirements = files[found[1]]
        source = requirements[int(found[2]) - 1].source
        return f"{flag} {source.file} (line {source.line})" if source else "the command line"

    return pattern.sub(name, text)


def involved(
    workspace: Workspace, install: Install, explanation: str, lines: Iterable[str]
) -> tuple[Requirement, ...]:
    """List what the user wrote that pip's explanation leads to, each once, requirements before constraints.

    Args:
        workspace: the folder with the flat copies, whose lines pip names.
        install: what the user wrote.
        explanation: why pip failed, in its words.
        lines: what pip printed before. Of what a dependency lacks pip names the project alone that needs it
            ("bbb (from aaa)"); where that one came from, it printed as it came to it.
    """
    arrivals = [_arrival(parent) for parent in _PARENT.findall(explanation)]
    text = "\n".join((explanation, *(line for line in lines if any(one.match(line) for one in arrivals))))
    found = [
        requirement
        for path, requirements in (
            (workspace.requirements, install.requirements),
            (workspace.constraints, install.constraints),
        )
        for number, requirement in enumerate(requirements, 1)
        if f"{path} (line {number})" in text or _is_requested(requirement, text)
    ]
    return tuple(dict.fromkeys(found))


def _arrival(project: str) -> re.Pattern[str]:
    """Match the line in which pip says that it has come to a project, and from where."""
    name = project.replace("-", "[-_.]+")
    return re.compile(rf"(?:Collecting|Processing|Requirement already satisfied:) {name}\b", re.IGNORECASE)


def _is_requested(requirement: Requirement, text: str) -> bool:
    """Whether pip's summary of a conflict names it, which it does without a place."""
    asked = rf"The user requested (?:\(constraint\) )?{re.escape(requirement.text)}\s*$"
    return requirement.form is RequirementForm.NAMED and re.search(asked, text, re.MULTILINE) is not None
