"""Everything on a command line that asks for something, in the order in which pip collects it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from resilient_pip.errors import UsageError
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.model import LockedFile, Requirement
from resilient_pip.pip_adapter.command_line import CommandLine
from resilient_pip.pip_adapter.files import Files
from resilient_pip.pip_adapter.lock_files import LockFile, requirement_sources, select
from resilient_pip.pip_adapter.requirement import from_command_line, from_file
from resilient_pip.pip_adapter.script import check_python, from_script, read_script


@dataclass(slots=True, kw_only=True)
class Sources:
    """Reads them. That changes pip's finder and option values as pip does it."""

    line: CommandLine
    files: Files
    finder: Any
    target: TargetMarkers | None
    """None: it is not known yet."""
    locked: list[LockedFile] = field(default_factory=list)
    """The files that lock files name, as they were met."""
    waits_for_target: bool = False
    """Whether something is left out because it depends on the target."""

    def read(self) -> Iterator[tuple[Requirement, bool]]:
        """Yield everything, with whether it is a constraint.

        The order counts: option lines of one file hold for the lines of the next. A file of either kind may
        name files of the other.

        Raises:
            UsageError: something cannot be read, or pip makes nothing of it.
            PlanError: a lock file or a script does not hold for the target.
        """
        values = self.line.values
        sources, groups = requirement_sources(values.requirements, values.dependency_groups)
        for filename in values.constraints:
            yield from (from_file(read) for read in self.files.read(filename, constraint=True))
        yield from ((one, False) for one in from_command_line(self.line, groups))
        for source in sources:
            if isinstance(source, LockFile):
                yield from ((one, False) for one in self._lock_file(source))
            else:
                yield from (from_file(read) for read in self.files.read(source, constraint=False))
        yield from ((one, False) for one in self._scripts())

    def _lock_file(self, lock: LockFile) -> Iterator[Requirement]:
        text = self.files.text(lock.location)
        if self.target is None:
            self.waits_for_target = True
        elif text is not None:
            for requirement, locked in select(lock, text, self.target, self._wants_sdist):
                if locked:
                    self._add(locked, requirement)
                yield requirement

    def _add(self, locked: LockedFile, requirement: Requirement) -> None:
        """Keep a file of a lock file; pip admits one for a project."""
        for other in self.locked:
            if other.file.project == locked.file.project:
                message = f"two lock files name files for {other.file.project}: {other.file.index} too"
                raise UsageError(message=message, source=requirement.source)
        self.locked.append(locked)

    def _wants_sdist(self, project: str) -> bool:
        formats = self.finder.format_control.get_allowed_formats(project)
        return "source" in formats and "binary" not in formats

    def _scripts(self) -> Iterator[Requirement]:
        values = self.line.values
        scripts = getattr(values, "requirements_from_scripts", ())  # since pip 26.0
        if len(scripts) > 1:
            raise UsageError(message="--requirements-from-script can only be given once")
        for script in scripts:
            block = read_script(script)
            if block.get("requires-python") and not values.ignore_requires_python:
                if self.target is None:
                    self.waits_for_target = True
                else:
                    check_python(script, block, self.target, values.python_version)
            yield from from_script(script, block)
