"""Installing a group: its files laid out for an offline pip, which runs as a supervised child."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from resilient_pip.child.command import Command
from resilient_pip.child.files import write_requirements_file
from resilient_pip.child.pip import Pip
from resilient_pip.child.success import RunChild, succeed
from resilient_pip.disk.storing import storing
from resilient_pip.install.arguments import Call, calls, constraint_lines, installed_from_wheels, words
from resilient_pip.install.carrier import write_carrier
from resilient_pip.install.wheel_cache import add_wheel
from resilient_pip.model import Group, PlannedFile, ProjectName, RequirementForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """Installs the groups of one plan, in their order."""

    pip: Pip
    """It knows the gateway, for what is built from a folder."""
    options: tuple[str, ...]
    """The user's words for the pip that installs."""
    planned: Sequence[PlannedFile]
    """All files of the plan."""
    environment: Mapping[str, str]
    """Marker variables of the target."""
    folder: Path
    """A private folder; wheels are linked, not copied, into it."""
    one_call: bool
    """Whether a group has to be installed by one call of pip."""
    only_deps: bool = False
    """Whether the plan has nothing that the user asked for itself."""

    @property
    def compiles(self) -> bool:
        """Whether the user wants bytecode."""
        return "--no-compile" not in self.options

    def left_to_compile(self, group: Group) -> tuple[PlannedFile, ...]:
        """List what may be compiled after pip: what comes as a wheel, unless the user wants no bytecode."""
        if not self.compiles:
            return ()
        return installed_from_wheels(group, self.planned, one_call=self.one_call, only_deps=self.only_deps)

    async def install_group(
        self,
        group: Group,
        number: int,
        wheels: Mapping[ProjectName, Path],
        *,
        compiles: bool,
        run: RunChild,
        run_building: RunChild,
    ) -> None:
        """Install one group.

        Args:
            group: what to install.
            number: its place in the plan.
            wheels: the wheel of each of its projects, but for those that are built in place.
            compiles: whether pip compiles what `left_to_compile` gives, as far as anybody does.
            run: runs a child that only installs, within the limits of this group.
            run_building: runs a child that builds too.

        Raises:
            ChildFailed: pip refused (another class where its words name it: a full disk…).
            ChildHung: pip showed no life for too long.
            StorageError: the private folder cannot be written.
        """
        for call, command in await to_thread.run_sync(self._prepare, group, number, wheels, compiles):
            await succeed(run_building if call.builds else run, command)

    def _prepare(
        self,
        group: Group,
        number: int,
        wheels: Mapping[ProjectName, Path],
        compiles: bool,  # noqa: FBT001 - to_thread passes positions only
    ) -> list[tuple[Call, Command]]:
        folder = self.folder / f"group-{number}"
        with storing(folder):
            return self._lay_out(group, folder, wheels, compiles=compiles)

    def _lay_out(
        self, group: Group, folder: Path, wheels: Mapping[ProjectName, Path], *, compiles: bool
    ) -> list[tuple[Call, Command]]:
        """Write the group's folder and say how pip is started on it."""
        links, cache = folder / "wheels", self.folder / "pip-cache"
        shutil.rmtree(folder, ignore_errors=True)  # of the child before, where that was killed
        links.mkdir(parents=True)
        cache.mkdir(exist_ok=True)
        for planned in group.files:
            if (wheel := wheels.get(planned.project)) is not None:
                self._place(planned, wheel, links, cache)
        constraints = folder / "constraints.txt"
        write_requirements_file(constraints, constraint_lines(group, self.planned))
        commands = []
        listed = calls(group, self.planned, one_call=self.one_call, only_deps=self.only_deps)
        for number, call in enumerate(listed, 1):
            if call.only_deps:
                requirements = write_carrier(folder, call.requirements)
            else:
                requirements = folder / f"requirements-{number}.txt"
                write_requirements_file(requirements, call.requirements)
            arguments = words(
                call,
                self.options,
                compiles=compiles,
                requirements=requirements,
                constraints=constraints,
                links=links,
                cache=cache,
            )
            commands.append((call, self.pip.command(f"install {group.name}", *arguments)))
        return commands

    def _place(self, planned: PlannedFile, wheel: Path, links: Path, cache: Path) -> None:
        # A stored file is named by its hash, a built wheel has its name.
        filename = planned.file.filename if planned.file.is_wheel else wheel.name
        if planned.form is RequirementForm.NAMED:
            (links / filename).symlink_to(wheel)
        else:
            add_wheel(cache, planned, wheel, filename=filename, environment=self.environment)
