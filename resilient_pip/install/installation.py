"""How a group is installed: journal, pip without the compiling, the compiling beside the next group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread
from packaging.version import Version

from resilient_pip.child.again import again_if_killed
from resilient_pip.child.command import Command
from resilient_pip.child.process import ChildResult, Supervisor
from resilient_pip.events import Emit
from resilient_pip.failing import locate
from resilient_pip.gateway.blame import naming_root_cause
from resilient_pip.gateway.server import Gateway
from resilient_pip.install.ahead import Ahead
from resilient_pip.install.compiling import Compiling, Modules, modules_to_compile, unpacked
from resilient_pip.install.installer import Installer
from resilient_pip.install.layout import Layout, Layouts, unpacked_size
from resilient_pip.install.scheme import Scheme
from resilient_pip.install.survey import survey
from resilient_pip.install.unfinished import Begun, Unfinished
from resilient_pip.model import Group, Phase, Plan, ProjectName, RequirementForm
from resilient_pip.policy.deadlines import install_limit_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The installation of one plan, group by group."""

    plan: Plan
    installer: Installer
    scheme: Scheme
    layouts: Layouts
    unfinished: Unfinished
    compiling: Compiling
    ahead: Ahead
    gateway: Gateway
    supervisor: Supervisor
    build_timeout_s: float
    ignores_installed: bool
    """Whether pip takes nothing for installed."""
    emit: Emit

    def stored(self, wheel: Path) -> None:
        """Hear that a wheel is there, perhaps long before its group is installed."""
        if self.installer.compiles and not self.scheme.moved:
            self.ahead.begin(wheel)

    async def install(
        self, group: Group, wheels: Mapping[ProjectName, Path], begin_next: Callable[[], None]
    ) -> None:
        """Install a group.

        Args:
            group: the group.
            wheels: the wheel of each of its projects, but for those that are built in place.
            begin_next: called when the next group may begin.

        Raises:
            RunFailed: the gateway failed to produce what a child asked for.
            ResilientPipError: any other reason.
        """
        files = self.installer.left_to_compile(group)
        layouts = await to_thread.run_sync(self.layouts.of_all, wheels)
        modules = modules_to_compile(files, layouts, self.scheme)
        ahead = [wheels[file.project] for file in files]
        if modules:
            for wheel in ahead:
                self.ahead.begin(wheel)
        limit_s = install_limit_s(unpacked_size(group, layouts))
        # A pip that was killed is repaired after and begins again; what compiles is run again by itself.
        unpack = partial(self._unpack, group, wheels, layouts, modules, limit_s)
        with naming_root_cause(self.gateway, locate(self.plan, Phase.INSTALL, group=group)):
            begun, until_finished = await again_if_killed(unpack, self.emit)
        async with until_finished:
            begin_next()
            await self.compiling.compile(
                group.name,
                modules,
                ahead=partial(self.ahead.finished, ahead),
                find=partial(unpacked, modules, begun.survey, self.scheme),
                run=partial(self._run, begun, limit_s=limit_s),
            )
        await self.ahead.remove(ahead)
        self.layouts.forget(wheels.values())

    async def _unpack(
        self,
        group: Group,
        wheels: Mapping[ProjectName, Path],
        layouts: Mapping[ProjectName, Layout],
        modules: Modules,
        limit_s: float,
    ) -> tuple[Begun, AsyncExitStack]:
        """Run pip, and give what keeps the group in the journal."""
        # A group may build again in place what one before it has installed.
        rebuilt = [
            file for file in self.plan.files if file.form.is_built_in_place and file not in group.files
        ]
        look = partial(
            survey,
            [*group.files, *rebuilt],
            layouts,
            self.scheme,
            ignores_installed=self.ignores_installed,
            compiles=modules.keys(),
        )
        builds = max(1, sum(planned.form.is_built_in_place for planned in group.files))
        laid_out = {
            file.project: Version(file.version)
            for file in group.files
            if file.project in wheels and file.form is RequirementForm.NAMED
        }
        async with AsyncExitStack() as stack:
            begun = await stack.enter_async_context(self.unfinished.begun(look))
            await self.compiling.leave_alone(_touched(group, modules, begun))
            run = partial(self._run, begun, stop=self.gateway.failed)
            with self.gateway.withholding(laid_out):
                await self.installer.install_group(
                    group,
                    self.plan.groups.index(group) + 1,
                    wheels,
                    compiles=not modules,
                    run=partial(run, limit_s=limit_s),
                    run_building=partial(
                        run, limit_s=limit_s + builds * self.build_timeout_s, busy=self.gateway.is_busy
                    ),
                )
            return begun, stack.pop_all()

    async def _run(
        self,
        begun: Begun,
        command: Command,
        *,
        limit_s: float,
        stop: anyio.Event | None = None,
        busy: Callable[[], bool] | None = None,
    ) -> ChildResult:
        command = replace(command, pass_fds=begun.inherited)
        return await self.supervisor.run(command, stop=stop, limit_s=limit_s, busy=busy)


def _touched(group: Group, modules: Modules, begun: Begun) -> frozenset[Path] | None:
    """List the files of other groups' that this one's pip might replace, remove or compile; None: any."""
    if modules.keys() != {file.project for file in group.files}:
        return None
    removed = (old.files for one in begun.survey.pending for old in one.before)
    return frozenset().union(*modules.values(), *removed)
