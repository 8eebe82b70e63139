"""Compiling ahead: in real processes, and what becomes of it where they fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import anyio

from resilient_pip.child.process import Supervisor
from resilient_pip.install.ahead import Ahead
from resilient_pip.install.layout import Layouts
from resilient_pip.settings import Settings
from tests.support.wheels import make_wheel
from tests.unit.installations import scheme_in


def ahead_in(folder: Path, python: str) -> Ahead:
    """Make one that has begun nothing."""
    logs = folder / "logs"
    logs.mkdir()
    return Ahead(
        python=python,
        env={},
        folder=folder,
        layouts=Layouts(scheme_in(folder / "env")),
        supervisor=Supervisor(emit=lambda _event: None, settings=Settings(), log_folder=logs),
    )


def wheel_in(folder: Path) -> Path:
    """Write a wheel."""
    wheel = make_wheel("app", "1.0", files={"app/more.py": "VALUE = 1\n"})
    path = folder / wheel.filename
    path.write_bytes(wheel.content)
    return path


async def beside(ahead: Ahead, use: Callable[[], Coroutine[object, object, None]]) -> None:
    """Do something while it runs."""
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.run)
            await use()
            tasks.cancel_scope.cancel()


def test_a_wheel_is_compiled_once_and_removed(tmp_path: Path) -> None:
    """What is no wheel has no result, and neither has one that nobody has begun."""
    ahead, wheel, broken = ahead_in(tmp_path, sys.executable), wheel_in(tmp_path), tmp_path / "broken"
    broken.write_bytes(b"no wheel")

    async def use() -> None:
        for path in (wheel, broken, wheel):
            ahead.begin(path)
        (task,) = await ahead.finished([wheel, broken, tmp_path / "unknown"])
        index = json.loads(task.with_suffix(".index").read_text())
        assert [name for _, name, *_ in index] == ["app/__init__.py", "app/more.py"]
        await ahead.remove([wheel, broken])
        assert [path.name for path in task.parent.iterdir()] == ["ahead_compiler.py"]
        assert await ahead.finished([wheel]) == ()

    anyio.run(beside, ahead, use)


def test_processes_that_end_keep_nobody_waiting(tmp_path: Path) -> None:
    """Nothing is ready then, and nothing begun afterwards is waited for."""
    ahead, wheel = ahead_in(tmp_path, "/bin/false"), wheel_in(tmp_path)

    async def use() -> None:
        ahead.begin(wheel)
        assert await ahead.finished([wheel]) == ()
        ahead.begin(tmp_path / "later")
        assert await ahead.finished([tmp_path / "later"]) == ()

    anyio.run(beside, ahead, use)
