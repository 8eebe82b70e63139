"""Fresh virtual environments, the real command line run for them, and what a run left behind."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import itertools
import marshal
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import IO, Any, TypeAlias

import pip

PYC_HEADER = 16
"""Bytes of magic number, flags, and time and size of the source before the marshalled code (PEP 552)."""

_PIP_RUNNER = Path(pip.__file__).with_name("__pip-runner__.py")

_PIP_TARGET = re.compile(r".*/pip-target-\w{8}/")
"""Where pip compiles what is for --target: a temporary folder, with another name each time."""

Entry: TypeAlias = tuple[Any, ...]
"""What one path of an environment is, in a form that compares."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that a run printed."""

    at_s: float
    """Seconds since the run began."""
    stream: str
    """ "stdout" or "stderr"."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one command ended and what it printed, line by line."""

    returncode: int
    elapsed_s: float
    lines: tuple[Line, ...]

    @property
    def stdout(self) -> str:
        """Everything printed to stdout."""
        return self._text("stdout")

    @property
    def stderr(self) -> str:
        """Everything printed to stderr."""
        return self._text("stderr")

    @property
    def output(self) -> str:
        """Everything printed, in order of arrival."""
        return "".join(f"{line.text}\n" for line in self.lines)

    @property
    def longest_silence_s(self) -> float:
        """The longest time without a line, from the start to the end of the run."""
        times = [0.0, *(line.at_s for line in self.lines), self.elapsed_s]
        return max(later - earlier for earlier, later in itertools.pairwise(times))

    @property
    def block(self) -> dict[str, str]:
        """The failure block: "" to its head line, label to text; empty where it does not end stderr."""
        lines = self.stderr.splitlines()
        heads = [number for number, line in enumerate(lines) if line.startswith("resilient-pip: FAILED")]
        if not heads:
            return {}
        found = {"": lines[heads[-1]]}
        label = ""
        for line in lines[heads[-1] + 1 :]:
            if not line.startswith("  "):
                return {}  # something came after the block
            if row := re.match(r"  (\w+)\s+(.*)", line):
                label = row[1]
                found[label] = row[2]
            else:
                found[label] += f"\n{line.strip()}"
        return found

    def _text(self, stream: str) -> str:
        return "".join(f"{line.text}\n" for line in self.lines if line.stream == stream)


class Running:
    """A command that was started and is being read."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> None:
        self._began_s = time.monotonic()
        self._lines: list[Line] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            argv,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("stdout", self.process.stdout), ("stderr", self.process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def wait_for_line(self, wanted: Callable[[str], bool], timeout_s: float) -> None:
        """Wait until a line was printed.

        Raises:
            AssertionError: none came in time.
        """
        with self._changed:
            met = self._changed.wait_for(lambda: any(wanted(line.text) for line in self._lines), timeout_s)
            assert met, self._lines

    def finish(self, timeout_s: float) -> Run:
        """Wait for the end; a command that outlives `timeout_s` is killed and fails the test."""
        try:
            returncode = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {timeout_s} s:\n{self._printed()}") from None
        elapsed_s = time.monotonic() - self._began_s
        for reader in self._readers:
            reader.join(5)
        with self._changed:
            return Run(returncode=returncode, elapsed_s=elapsed_s, lines=tuple(self._lines))

    def kill(self) -> None:
        """End the command and its process group at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for reader in self._readers:
            reader.join(5)

    def _printed(self) -> str:
        with self._changed:
            return "\n".join(f"{line.at_s:6.1f} {line.text}" for line in self._lines)

    def _read(self, name: str, stream: IO[str] | None) -> None:
        assert stream is not None
        with stream:
            for text in stream:
                line = Line(time.monotonic() - self._began_s, name, text.rstrip("\n"))
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment without pip."""

    root: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """Where pure packages go."""
        major, minor = sys.version_info[:2]
        return self.root / "lib" / f"python{major}.{minor}" / "site-packages"

    def versions(self) -> dict[str, str]:
        """What is installed: name to version."""
        found = importlib.metadata.distributions(path=[str(self.site_packages)])
        return {distribution.metadata["Name"]: distribution.version for distribution in found}

    def requested(self) -> set[str]:
        """Names of what carries pip's REQUESTED mark."""
        return {
            path.parent.name.partition("-")[0] for path in self.site_packages.glob("*.dist-info/REQUESTED")
        }

    def snapshot(self) -> dict[str, Entry]:
        """Every path below the environment, by its relative name. What is left out: times, and nothing else.

        Two environments compare only when both stood at the same path (scripts and code objects hold it).
        RECORD counts as its sorted rows and a .pyc as flags and code object, because the order of rows and
        the time in a .pyc's header differ between any two installations by pip itself.
        """
        return {str(path.relative_to(self.root)): describe(path) for path in sorted(self.root.rglob("*"))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A folder with everything that a run may touch: home, caches, temporary files, environments."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    """Further variables for every run."""
    program: tuple[str, ...] = (sys.executable, "-m", "resilient_pip")
    """How the tool is started."""

    @property
    def home(self) -> Path:
        """HOME of every run."""
        return self.root / "home"

    @property
    def cache(self) -> Path:
        """The file cache of every run of the tool."""
        return self.root / "cache"

    def environment(self, name: str = "env") -> Environment:
        """Make a fresh environment (an older one of this name is not removed)."""
        root = self.root / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
        return Environment(root=root)

    def start(
        self, target: Environment | None, *words: str | Path, env: Mapping[str, str] | None = None
    ) -> Running:
        """Start `resilient-pip WORDS --python TARGET`."""
        place = ["--python", str(target.python)] if target else []
        argv = [*self.program, *map(str, words), *place]
        argv += ["--file-cache", str(self.cache)]
        return Running(argv, env=self._clean(env or {}), cwd=self.root)

    def tool(
        self,
        target: Environment | None,
        *words: str | Path,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60,
    ) -> Run:
        """Run `resilient-pip WORDS --python TARGET` to its end."""
        return self.start(target, *words, env=env).finish(timeout_s)

    def pip(
        self,
        target: Environment,
        *words: str | Path,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60,
    ) -> Run:
        """Run plain pip (the one that the tool uses) for `target`, as what to compare with.

        It is started as `pip --python` starts it, without the pip that only does that.
        """
        argv = [str(target.python), str(_PIP_RUNNER), *map(str, words)]
        environ = self._clean({"PIP_NO_CACHE_DIR": "1", "_PIP_RUNNING_IN_SUBPROCESS": "1", **(env or {})})
        return Running(argv, env=environ, cwd=self.root).finish(timeout_s)

    def other(self, *argv: str | Path, env: Mapping[str, str] | None = None) -> Running:
        """Start any other program as the tool is started."""
        return Running(list(map(str, argv)), env=self._clean(env or {}), cwd=self.root)

    def behind(
        self, options: Sequence[str], *command: str | Path, env: Mapping[str, str] | None = None
    ) -> Running:
        """Start `resilient-pip exec OPTIONS -- COMMAND`."""
        place = ("--file-cache", str(self.cache))
        return self.other(*self.program, "exec", *place, *options, "--", *command, env=env)

    def write(self, name: str, *lines: str) -> Path:
        """Write a file of lines below the folder in which runs start, and return its path."""
        path = self.root / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def _clean(self, env: Mapping[str, str]) -> dict[str, str]:
        for folder in (self.home, self.root / "tmp"):
            folder.mkdir(exist_ok=True)
        coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.root / "tmp"),
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
            "RESILIENT_PIP_CACHE_MODE": "keep",  # wherever the tests run, in a container too
            **coverage,
            **self.environ,
            **env,
        }


def living(marker: str) -> dict[int, str]:
    """Living processes with `marker` in their arguments or environment: id to both as text (Linux)."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):  # it ended, or is not ours
                arguments = (folder / "cmdline").read_bytes()
                text = (arguments + (folder / "environ").read_bytes()).decode(errors="replace")
                if arguments and marker in text:
                    found[int(folder.name)] = text
    return found


def kill_below(folder: Path) -> None:
    """Kill every process that was started with `folder` in its arguments or environment (Linux)."""
    for process in living(f"{folder}/"):
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.kill(process, signal.SIGKILL)


def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait for what nothing tells of (the state of other processes).

    Raises:
        AssertionError: it does not come true in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"not met within {timeout_s} s"
        time.sleep(0.02)


def describe(path: Path) -> Entry:
    """Tell what is at one path of an environment, as `Environment.snapshot` counts it."""
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if path.is_symlink():
        return ("link", str(path.readlink()))
    if path.is_dir():
        return ("folder", mode)
    data = path.read_bytes()
    if path.name == "RECORD" and path.parent.suffix == ".dist-info":
        return ("record", mode, tuple(sorted(data.decode().splitlines())))
    if path.suffix == ".pyc":
        flags = int.from_bytes(data[4:8], "little")
        return ("bytecode", mode, data[:4], flags, _code(marshal.loads(data[PYC_HEADER:])))  # noqa: S302 - pip wrote it
    return ("file", mode, len(data), hashlib.sha256(data).hexdigest())


def _code(value: object) -> object:
    """A constant as values that compare: code objects do not compare their file names by themselves."""
    if isinstance(value, tuple):
        return tuple(map(_code, value))
    if isinstance(value, frozenset):
        return ("frozenset", sorted(map(repr, value)))
    if not isinstance(value, CodeType):
        return (type(value).__name__, repr(value))
    value = value.replace(co_filename=_PIP_TARGET.sub("pip-target/", value.co_filename))
    names = [name for name in dir(value) if name.startswith("co_") and name not in {"co_consts", "co_lnotab"}]
    fields = [(name, getattr(value, name)) for name in names if not callable(getattr(value, name))]
    return (fields, _code(value.co_consts))
