"""sdists and version control checkouts to wheels, each by a supervised `pip wheel`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anyio import to_thread

from resilient_pip.build.kept import keep_wheel, kept_wheel, whole_wheel
from resilient_pip.build.traits import BuildTraits, cache_key
from resilient_pip.child.again import again_if_killed
from resilient_pip.child.command import Command
from resilient_pip.child.files import write_requirements_file
from resilient_pip.child.pip import Pip
from resilient_pip.child.success import RunChild, succeed
from resilient_pip.disk.storing import storing
from resilient_pip.errors import ChildFailed
from resilient_pip.events import Emit
from resilient_pip.fetch import StoredFile
from resilient_pip.model import PlannedFile, RequirementForm
from resilient_pip.plan.references import at_commit

_SUBDIRECTORY = re.compile(r"[#&](subdirectory=[^&]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Makes the wheels of a plan that no index has."""

    run: RunChild
    pip: Pip
    """It knows the gateway, where build requirements come from, and no cache: wheels are kept here."""
    caching_pip: Pip
    """For checkouts: pip keeps their wheels in the user's cache, by URL and commit. Not without isolation."""
    traits: BuildTraits
    folder: Path
    """A private folder, where wheels that are not cached stay for the run."""
    cache: Path | None
    """Where wheels that earlier runs have built are; None: nowhere."""
    emit: Emit
    keeps: bool = True
    """Whether wheels that this run builds are kept in the cache too; else nothing there is changed."""

    async def wheel_of(self, planned: PlannedFile, stored: StoredFile | None) -> Path | None:
        """Give the wheel of a project, built where it has to be.

        Args:
            planned: the project.
            stored: its downloaded file, where it has one.

        Returns:
            The wheel; None for what is built in place: pip does that as it installs it.

        Raises:
            ChildFailed: a build broke (another class where pip's words name it: a full disk…), or was killed
                twice.
            ChildHung: a build showed no life for too long, or took longer than it may.
            StorageError: the private folder cannot be written.
        """
        if planned.form is RequirementForm.VCS:
            pip = self.caching_pip if self.traits.are_complete else self.pip
            return await self._build(pip, planned, _checkout(planned))
        if stored is None:
            return None
        return stored.path if planned.file.is_wheel else await self._from_sdist(planned, stored)

    async def _from_sdist(self, planned: PlannedFile, sdist: StoredFile) -> Path:
        place = self._place(planned, sdist)
        find = kept_wheel if self.keeps else whole_wheel
        if place is not None and (kept := await to_thread.run_sync(find, place)) is not None:
            return kept
        url = await to_thread.run_sync(self._link, planned, sdist)
        wheel = await self._build(self.pip, planned, url)
        if place is None or not self.keeps:
            return wheel
        return await to_thread.run_sync(keep_wheel, wheel, place)

    def _place(self, planned: PlannedFile, sdist: StoredFile) -> Path | None:
        if self.cache is None or not self.traits.are_complete:
            return None
        own = (*planned.build_options, _subdirectory(planned))
        key = cache_key(sdist.sha256, own, self.traits)
        return self.cache / key[:2] / key

    def _link(self, planned: PlannedFile, sdist: StoredFile) -> str:
        """Give the stored sdist its name back, which pip tells the kind of archive by; its URL."""
        link = self._room(planned) / planned.file.filename
        with storing(link):
            link.symlink_to(sdist.path)
        return link.as_uri() + _subdirectory(planned)

    def _room(self, planned: PlannedFile) -> Path:
        folder = self.folder / planned.project
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    async def _build(self, pip: Pip, planned: PlannedFile, url: str) -> Path:
        room = await to_thread.run_sync(self._room, planned)
        command = await to_thread.run_sync(self._command, pip, planned, url, room)
        result = await again_if_killed(partial(succeed, self.run, command), self.emit)
        built = list((room / "built").glob("*.whl"))
        if len(built) != 1:
            message = f"pip wheel left {len(built)} wheels instead of one"
            raise ChildFailed(
                what=command.what, returncode=result.returncode, message=message, log=str(result.log)
            )
        return built[0]

    def _command(self, pip: Pip, planned: PlannedFile, url: str, room: Path) -> Command:
        """Say how pip builds one wheel; with --verbose it shows what the build prints, as it comes."""
        requirements = room / "requirements.txt"
        with storing(requirements):
            write_requirements_file(
                requirements, [" ".join((f"{planned.name} @ {url}", *planned.build_options))]
            )
        return pip.command(
            f"build of {planned.name} {planned.version}",
            "wheel",
            "--verbose",
            "--no-deps",
            *self.traits.options,
            f"--wheel-dir={room / 'built'}",
            f"--requirement={requirements}",
        )


def _subdirectory(planned: PlannedFile) -> str:
    """Give the fragment that says where in an archive the project is, if one does."""
    part = _SUBDIRECTORY.search(planned.reference or "")
    return f"#{part[1]}" if part else ""


def _checkout(planned: PlannedFile) -> str:
    """Give the URL of exactly the commit that was planned: a branch may have moved since."""
    info = json.loads(planned.direct_url or "{}")
    return at_commit(planned.reference or planned.file.url, info["vcs_info"]["commit_id"])
