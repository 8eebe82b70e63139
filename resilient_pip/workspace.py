"""The private folder of one run: rewritten requirement files, pip's report and copy, logs, links."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from resilient_pip.errors import StorageError
from resilient_pip.model import Install, Requirement, RequirementForm


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
    def report(self) -> Path:
        """Where pip writes its installation report."""
        return self.root / "report.json"

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
    """Make the folder and take it away again, whatever happens in between.

    Raises:
        StorageError: no temporary folder can be written.
    """
    try:
        root = Path(tempfile.mkdtemp(prefix="resilient-pip-"))
    except OSError as error:
        raise StorageError(path=tempfile.gettempdir(), reason=error.strerror or str(error)) from error
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
    workspace.requirements.write_text(_lines(install.requirements), encoding="utf-8")
    workspace.constraints.write_text(_lines(install.constraints), encoding="utf-8")


def _lines(requirements: Sequence[Requirement]) -> str:
    return "".join(f"{requirement.line}\n" for requirement in requirements)


def in_users_words(workspace: Workspace, install: Install, lines: Sequence[str]) -> tuple[str, ...]:
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

    return tuple(pattern.sub(name, line) for line in lines)


def involved(workspace: Workspace, install: Install, explanation: str) -> tuple[str, ...]:
    """List the user's lines that pip's explanation names, each once, requirements before constraints."""
    found = [
        str(requirement)
        for path, requirements in (
            (workspace.requirements, install.requirements),
            (workspace.constraints, install.constraints),
        )
        for number, requirement in enumerate(requirements, 1)
        if f"{path} (line {number})" in explanation or _is_requested(requirement, explanation)
    ]
    return tuple(dict.fromkeys(found))


def _is_requested(requirement: Requirement, text: str) -> bool:
    """Whether pip's summary of a conflict names it, which it does without a place."""
    asked = rf"The user requested (?:\(constraint\) )?{re.escape(requirement.text)}\s*$"
    return requirement.form is RequirementForm.NAMED and re.search(asked, text, re.MULTILINE) is not None
