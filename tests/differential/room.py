"""A folder in which both tools run in turn, each from the same beginning, and what is there afterwards."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.differential.stock import Places, write
from tests.differential.table import STATES, Case
from tests.support.environments import Entry, Environment, Run, Workspace, describe

_OWN = ("cache", "tmp", "home/.cache", "home/.rustup")
"""What is no part of the outcome; pip asks rustc for its version where there is one."""
_LOOPBACK = re.compile(rb"(?:127\.0\.0\.1|localhost):(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a run ended, and everything that it left."""

    ended: str
    """ "done", "refused" or "usage"."""
    paths: Mapping[str, Entry] = field(repr=False)
    run: Run = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The room of one process that tests; environments only compare at one path."""

    places: Places
    beginnings: Path
    """A folder with a copy of the room for each state that it can be in."""

    def by_pip(self, case: Case) -> Seen:
        """Let pip carry out a command line."""
        return self._carry_out(case, self._workspace.pip)

    def by_tool(self, case: Case) -> Seen:
        """Let resilient-pip carry it out."""
        return self._carry_out(case, self._workspace.tool)

    def freeze(self) -> str:
        """Give what `pip freeze` says of the environment as it is now."""
        run = self._workspace.pip(self._environment, "freeze")
        assert run.returncode == 0, run.output
        return run.stdout

    def foreign_addresses(self) -> list[str]:
        """List the files, pip's cache included, that name a server on loopback which is no index of ours."""
        own = {index.host.rpartition(":")[2].encode() for index in (self.places.main, self.places.other)}
        return [
            str(path.relative_to(self.places.root))
            for path in _walk(self.places.root, without=("cache", "tmp"))
            if path.is_file() and not own.issuperset(_LOOPBACK.findall(path.read_bytes()))
        ]

    @property
    def _workspace(self) -> Workspace:
        # The real index is out of reach, whatever becomes of a configuration.
        return Workspace(root=self.places.root, environ={"https_proxy": "http://127.0.0.1:9"})

    @property
    def _environment(self) -> Environment:
        return Environment(root=self.places.root / "env")

    def _carry_out(self, case: Case, install: Callable[..., Run]) -> Seen:
        self._begin(case.state)
        environ = {name: self.places.fill(value) for name, value in case.environ.items()}
        run = install(self._environment, "install", *map(self.places.fill, case.words), env=environ)
        return Seen(ended=_ended(run), paths=self._paths(), run=run)

    def _begin(self, name: str) -> None:
        """Put the room into a state; pip makes it, once."""
        beginning, root = self.beginnings / name, self.places.root
        shutil.rmtree(root, ignore_errors=True)
        if not beginning.exists():
            self._make(name)
            shutil.copytree(root, beginning, symlinks=True)
            return
        shutil.copytree(beginning, root, symlinks=True)

    def _make(self, state_name: str) -> None:
        state = STATES[state_name]
        if not state_name:
            self.places.root.mkdir()
            write(self.places)
            self._workspace.environment()
            return
        self._begin("")
        if state.sees_system:
            settings = self._environment.root / "pyvenv.cfg"
            settings.write_text(settings.read_text().replace("packages = false", "packages = true"))
        for words in state.installs:
            run = self._workspace.pip(self._environment, "install", *map(self.places.fill, words))
            assert run.returncode == 0, run.output
        for name, text in state.files.items():
            path = self.places.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.places.fill(text))

    def _paths(self) -> dict[str, Entry]:
        root = self.places.root
        return {str(path.relative_to(root)): describe(path) for path in _walk(root, without=_OWN)}


def _ended(run: Run) -> str:
    """Tell the exit class; 2 is pip's code for its own defects, too."""
    if run.returncode == 0:
        return "done"
    is_usage = run.returncode == 2 and "Traceback" not in run.stderr
    return "usage" if is_usage else "refused"


def _walk(root: Path, *, without: Sequence[str] = ()) -> Iterator[Path]:
    """Give all below a folder, but of a repository only what says where it is from and what it is at."""
    for name, folders, files in os.walk(root):
        place = Path(name)
        folders[:] = [folder for folder in folders if str((place / folder).relative_to(root)) not in without]
        if place.name == ".git":
            folders.clear()  # objects and logs are packed and dated
        for entry in (*folders, *files):
            if place.name != ".git" or entry in {"HEAD", "config"}:
                yield place / entry


def differences(pip: Seen, tool: Seen) -> Sequence[str]:
    """Say in one line each what one of them left and the other did not, or left otherwise."""
    found = []
    for path in sorted(pip.paths.keys() | tool.paths.keys()):
        own, other = pip.paths.get(path), tool.paths.get(path)
        if own is None:
            found.append(f"only by resilient-pip: {path}")
        elif other is None:
            found.append(f"only by pip: {path}")
        elif own != other:
            found.append(f"differs: {path}")
    return found
