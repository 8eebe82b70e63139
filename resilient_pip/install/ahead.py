"""Compiling wheels that are not unpacked yet: while others download, and beside the pip that unpacks.

It is work done early and nothing else: `compiling` takes what is ready for a group and fits, and compiles the
rest. So whatever goes wrong here is no failure of the run.
"""

from __future__ import annotations

import importlib.resources
import json
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED

import anyio
from anyio import to_thread

from resilient_pip.child.command import Command
from resilient_pip.child.process import Supervisor
from resilient_pip.errors import ResilientPipError
from resilient_pip.install.ahead_compiler import WIDTH
from resilient_pip.install.layout import Layout, Layouts, Member
from resilient_pip.install.processors import processors

PROGRAM = importlib.resources.files("resilient_pip.install").joinpath("ahead_compiler.py").read_text("utf-8")
"""The program that compiles, as text: this package need not be a folder."""

SHARE = 10**6
"""Bytes of source of a task: some 0.2 s, so that all processes end at about the same time."""
MOST_BYTES = 512 * 10**6
"""Of source whose bytecode may wait for its group; it takes about as much."""
FREE_SHARE = 4
"""No more than one part in so many of what is free on the disk is used."""


@dataclass(slots=True)
class _Wheel:
    """A wheel whose modules are compiled."""

    size: int = 0
    """Bytes of source."""
    tasks: list[Path] = field(default_factory=list)
    """Files without their suffix."""
    missing: set[int] = field(default_factory=set)
    """Numbers of tasks that are not done yet."""
    done: anyio.Event = field(default_factory=anyio.Event)


class Ahead:
    """Compiles the wheels of one plan ahead, in the order in which they come.

    Args:
        python: the target's interpreter.
        env: the environment that pip gets.
        folder: a private folder.
        layouts: knows what is in wheels.
        supervisor: runs the processes.
    """

    def __init__(
        self, *, python: str, env: Mapping[str, str], folder: Path, layouts: Layouts, supervisor: Supervisor
    ) -> None:
        self._python = python
        self._env = env
        self._folder = folder / "ahead"
        self._layouts = layouts
        self._supervisor = supervisor
        self._wheels: dict[Path, _Wheel] = {}
        self._owners: dict[int, _Wheel] = {}
        """The wheel of each task that is not done yet."""
        self._count = 0
        self._size = 0
        """Bytes of source whose bytecode is on the disk or to come."""
        self._ended = False
        self._coming: deque[Path] = deque()
        """Wheels that nothing was done for yet."""
        self._changed = anyio.Event()

    def begin(self, wheel: Path) -> None:
        """Compile a wheel when its turn comes; a second time nothing happens."""
        is_useful = not self._env.get("SOURCE_DATE_EPOCH")  # else bytecode holds a hash: `compiler` makes it
        if is_useful and wheel not in self._wheels and not self._ended:
            self._wheels[wheel] = _Wheel()
            self._coming.append(wheel)
            self._changed.set()

    async def finished(self, wheels: Iterable[Path]) -> tuple[Path, ...]:
        """Wait until these wheels are compiled, as far as they will be, and give the results."""
        begun = [self._wheels[wheel] for wheel in wheels if wheel in self._wheels]
        for wheel in begun:
            await wheel.done.wait()
        return tuple(task for wheel in begun for task in wheel.tasks)

    async def remove(self, wheels: Iterable[Path]) -> None:
        """Remove what was made of these wheels: it is in its place, or will never be."""
        for path in wheels:
            if (wheel := self._wheels.get(path)) is not None and wheel.done.is_set():
                await to_thread.run_sync(_remove, wheel.tasks)
                self._size -= wheel.size
                wheel.size, wheel.tasks = 0, []

    async def run(self) -> None:
        """Compile what comes, until this is cancelled."""
        try:
            queue, done = os.pipe(), os.pipe()
        except OSError:  # too many open files
            self._end()
            return
        os.set_blocking(done[0], False)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._collect, done[0])
                is_started = False
                while True:
                    wheel = await self._next()
                    numbers = await to_thread.run_sync(self._lay_out, wheel)
                    if not numbers:
                        self._wheels[wheel].done.set()
                        continue
                    if not is_started:
                        is_started = True
                        for command in self._commands(queue[0], done[1]):
                            tasks.start_soon(self._work, command, tasks.cancel_scope)
                    os.write(queue[1], b"".join(b"%0*d" % (WIDTH, number) for number in numbers))
        finally:
            self._end()
            for descriptor in (*queue, *done):
                os.close(descriptor)

    async def _next(self) -> Path:
        """Wait for a wheel."""
        while not self._coming:
            self._changed = anyio.Event()
            await self._changed.wait()
        return self._coming.popleft()

    async def _collect(self, done: int) -> None:
        """Note what is done."""
        while True:
            await anyio.wait_readable(done)
            for number in map(int, _cut(os.read(done, WIDTH * 1000))):
                wheel = self._owners.pop(number)
                wheel.missing.remove(number)
                if not wheel.missing:
                    wheel.done.set()

    def _commands(self, queue: int, done: int) -> Iterator[Command]:
        for number in range(1, processors() + 1):
            yield Command(
                what=f"compile ahead ({number})",
                # Without site, as what compiles a group.
                argv=(
                    *(self._python, "-S", str(self._folder / "ahead_compiler.py")),
                    *(str(queue), str(done), str(self._folder)),
                ),
                env=self._env,
                pass_fds=(queue, done),
            )

    async def _work(self, command: Command, ahead: anyio.CancelScope) -> None:
        """Run a process; where it comes to an end, nothing more is compiled ahead."""
        with suppress(ResilientPipError):
            await self._supervisor.run(command, busy=lambda: not self._owners)
        ahead.cancel()

    def _lay_out(self, path: Path) -> list[int]:
        """Write the tasks of a wheel and give their numbers; none where it is not compiled ahead."""
        wheel = self._wheels[path]
        try:
            layout = self._layouts.of(path)
            size = sum(member.size for member in layout.members)
            if self._has_room(size):
                wheel.size = size
                self._size += size
                return [self._write(path, wheel, layout, share) for share in _shares(layout.members)]
        except OSError:  # it cannot be written: what needs the disk will say so
            for number in wheel.missing:
                del self._owners[number]
            wheel.missing, wheel.tasks = set(), []
        return []

    def _has_room(self, size: int) -> bool:
        if not self._folder.exists():
            self._folder.mkdir()
            (self._folder / "ahead_compiler.py").write_text(PROGRAM, encoding="utf-8")
        free = shutil.disk_usage(self._folder).free // FREE_SHARE
        return self._size + size <= MOST_BYTES and size <= free

    def _write(self, path: Path, wheel: _Wheel, layout: Layout, members: Iterable[Member]) -> int:
        number = self._count + 1
        task = self._folder / f"{number:0{WIDTH}}"
        library = str(layout.library)
        places = [(library, member.name, member.offset, member.packed, member.method) for member in members]
        task.with_suffix(".json").write_text(json.dumps({"wheel": str(path), "members": places}), "utf-8")
        self._count = number
        self._owners[number] = wheel
        wheel.missing.add(number)
        wheel.tasks.append(task)
        return number

    def _end(self) -> None:
        """Let nobody wait any more; what is not done now is not used."""
        self._ended = True
        unfinished = {number for wheel in self._wheels.values() for number in wheel.missing}
        for wheel in self._wheels.values():
            wheel.tasks = [task for task in wheel.tasks if int(task.name) not in unfinished]
            wheel.done.set()


def _shares(members: Iterable[Member]) -> Iterator[list[Member]]:
    """Divide the modules of a wheel into tasks."""
    share: list[Member] = []
    size = 0
    for member in members:
        if member.method in {ZIP_STORED, ZIP_DEFLATED}:
            share.append(member)
            size += member.size
        if size >= SHARE:
            yield share
            share, size = [], 0
    if share:
        yield share


def _cut(data: bytes) -> Iterator[bytes]:
    return (data[at : at + WIDTH] for at in range(0, len(data), WIDTH))


def _remove(tasks: Iterable[Path]) -> None:
    for task in tasks:
        for suffix in (".json", ".code", ".index"):
            task.with_suffix(suffix).unlink(missing_ok=True)
