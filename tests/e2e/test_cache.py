"""Many builds, one cache: shared, taken over, damaged, read only, full, on another file system, pruned."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.environments import Environment, Run, Running, Workspace, eventually
from tests.support.faults import Drip, Ok, Stall
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_sdist, make_wheel

TORCH = make_wheel("torch", "1.0", size=4_000_000)
SMALL = make_wheel("small", "1.0", size=50_000)
PATIENT = ("--stall-timeout", "60s", "--tail-timeout", "60s", "--first-byte-timeout", "60s")
"""For who holds a download until the test is done with it."""
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")
"""What root may do beyond its files' modes goes."""
UNSEEN = ("unshare", "--mount")
"""What is mounted behind it, nobody else sees."""
IS_ROOT = os.geteuid() == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Workspace):
    """Runs whose cache is somewhere else, or that are started in some other way."""

    caching: tuple[str, ...]
    """Words that say where the cache is."""
    before: tuple[str, ...] = ()
    """Words before the command."""

    def start(
        self, target: Environment | None, *words: str | Path, env: Mapping[str, str] | None = None
    ) -> Running:
        """Start `resilient-pip WORDS --python TARGET`."""
        argv = [*self.before, sys.executable, "-m", "resilient_pip", *map(str, words), *self.caching]
        argv += ["--python", str(target.python)] if target else []
        return Running(argv, env=self._clean(env or {}), cwd=self.root)


def partial_of(cache: Path, sha256: str) -> Path:
    """Where a download under way is."""
    return cache / "partial" / sha256


def finished_of(cache: Path, sha256: str) -> Path:
    """Where a file is once it is complete."""
    return cache / "files" / "sha256" / sha256[:2] / sha256


def size_of(path: Path) -> int:
    """The size of a file; 0 where it is not there."""
    return path.stat().st_size if path.exists() else 0


def flip(path: Path) -> None:
    """Change one byte in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0xFF]))


def ranges(index: FaultyIndex, path: str = TORCH.path) -> list[str | None]:
    """The Range headers of the requests for a file."""
    return [request.range for request in index.requests_for(path)]


def cache(workspace: Workspace, *words: str) -> Run:
    """Run `resilient-pip cache`."""
    return workspace.tool(None, "cache", *words)


@pytest.fixture
def can_mount() -> None:
    """Skip where this process may not mount anything, not even where nobody else sees it."""
    mount = [*UNSEEN, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    tried = subprocess.run(mount, capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"no mounting here: {tried.stderr.decode().strip()}")


# --- shared -----------------------------------------------------------------------------------------


def test_eight_runs_fetch_each_file_once(index: FaultyIndex, workspace: Workspace) -> None:
    """All succeed; who comes later tells how the one that downloads gets on, and takes its file."""
    index.add(make_wheel("app", "1.0", ["torch", "small"]))
    index.add(TORCH)
    index.add(SMALL)
    index.script(TORCH.path, [Drip(500_000)])  # 8 s
    words = ("install", "--index-url", index.url, "--heartbeat", "1s", "app")
    environments = [workspace.environment(f"env{number}") for number in range(8)]
    running = [workspace.start(environment, *words) for environment in environments]
    runs = [one.finish(120) for one in running]
    assert [run.returncode for run in runs] == [0] * 8, runs[0].output
    assert [environment.versions() for environment in environments] == [
        {"app": "1.0", "torch": "1.0", "small": "1.0"}
    ] * 8
    assert [index.sent(file.path) for file in (TORCH, SMALL)] == [TORCH.size, SMALL.size]
    told = [
        [
            int(found)
            for found in re.findall(r"another run downloads it, at .* of 4\.0 MB \((\d+) %\)", run.output)
        ]
        for run in runs
    ]
    assert all(percents == sorted(percents) for percents in told)
    assert max(len(set(percents)) for percents in told) >= 2, told


def test_a_waiter_takes_over_from_a_killed_run(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """It goes on at the byte where the killed one was."""
    index.add(TORCH)
    index.script(TORCH.path, [Stall(1_000_000), Ok()])
    words = ("install", "--index-url", index.url, *PATIENT, "torch")
    first = workspace.start(environment, *words)
    try:
        eventually(lambda: size_of(partial_of(workspace.cache, TORCH.sha256)) == 1_000_000, 60)
        second = workspace.start(workspace.environment("other"), *words)
        second.wait_for_line(lambda line: "another run downloads it, at 1.0 MB of 4.0 MB (24 %)" in line, 60)
    finally:
        first.kill()
    run = second.finish(60)
    assert run.returncode == 0, run.output
    assert ranges(index) == [None, "bytes=1000000-"]
    assert index.sent(TORCH.path) == TORCH.size


def test_two_runs_that_build_the_same(index: FaultyIndex, workspace: Workspace) -> None:
    """Both build, as neither knows of the other; one wheel is kept, and the next run builds nothing."""
    meeting = workspace.root / "meeting"
    meeting.mkdir()
    meet = f"""
import os, time, uuid
open(os.path.join({str(meeting)!r}, uuid.uuid4().hex), "w").close()
until = time.monotonic() + 60
while len(os.listdir({str(meeting)!r})) < 2 and time.monotonic() < until:
    time.sleep(0.02)
"""
    index.add(make_sdist("src", "1.0", before_build=meet))
    words = ("install", "--index-url", index.url, "src")
    environments = [workspace.environment(f"env{number}") for number in range(3)]
    running = [workspace.start(environment, *words) for environment in environments[:2]]
    runs = [one.finish(120) for one in running]
    runs.append(workspace.tool(environments[2], *words))
    assert [run.returncode for run in runs] == [0, 0, 0], [run.output for run in runs]
    assert [environment.versions() for environment in environments] == [{"src": "1.0"}] * 3
    assert len(list(meeting.iterdir())) == 2
    assert [path.name for path in (workspace.cache / "built").glob("*/*/*.whl")] == [
        "src-1.0-py3-none-any.whl"
    ]


WITHOUT_FLOCK = """
import ctypes, os, platform, struct, sys
number = {"x86_64": 73, "aarch64": 32}[platform.machine()]
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | %d), (0x06, 0, 0, 0x7FFF0000)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(program)))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_, 0, 0):
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs a command for which the kernel refuses flock(2) as file systems without it do (seccomp)."""


def test_a_file_system_without_locks(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The run does without sharing downloads and says so once; finished files are still kept."""
    index.add(TORCH)
    before = (sys.executable, "-c", WITHOUT_FLOCK % errno.ENOLCK)
    if subprocess.run([*before, "/bin/true"], capture_output=True, check=False).returncode:
        pytest.skip("no seccomp filter can be set here")
    place = Place(root=workspace.root, before=before, caching=("--file-cache", str(workspace.cache)))
    words = ("install", "--index-url", index.url, "torch")
    for target in (environment, workspace.environment("other")):
        run = place.tool(target, *words)
        assert run.returncode == 0, run.output
        assert run.output.count("no file locks there") == 1
    assert index.sent(TORCH.path) == TORCH.size
    assert list((workspace.cache / "partial").iterdir()) == []
    purged = place.tool(None, "cache", "purge")
    assert purged.returncode == 73
    assert "remove the folder itself" in purged.block["cause"]


# --- damaged ----------------------------------------------------------------------------------------


def test_damaged_files_are_made_again(index: FaultyIndex, workspace: Workspace) -> None:
    """A finished file or a built wheel with a flipped bit is never used."""
    builds = workspace.root / "builds"
    code = f"open({str(builds)!r}, 'a').write('x')"
    sdist = index.add(make_sdist("src", "1.0", before_build=code))
    index.add(TORCH)
    words = ("install", "--index-url", index.url, "torch", "src")
    assert workspace.tool(workspace.environment("first"), *words).returncode == 0
    [built] = (workspace.cache / "built").glob("*/*/*.whl")
    content = built.read_bytes()
    flip(finished_of(workspace.cache, TORCH.sha256))
    flip(built)
    second = workspace.environment("second")
    run = workspace.tool(second, *words)
    assert run.returncode == 0, run.output
    assert (second.site_packages / "torch" / "payload.bin").read_bytes() in TORCH.content
    assert second.versions() == {"torch": "1.0", "src": "1.0"}
    assert (index.sent(TORCH.path), index.sent(sdist.path)) == (2 * TORCH.size, sdist.size)
    assert finished_of(workspace.cache, TORCH.sha256).read_bytes() == TORCH.content
    assert (builds.read_text(), built.read_bytes()) == ("xx", content)


def test_a_damaged_partial_costs_one_download(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The rest comes, the hash tells, and the whole file comes once."""
    index.add(TORCH)
    index.script(TORCH.path, [Stall(1_000_000), Ok()])
    words = ("install", "--index-url", index.url, *PATIENT, "torch")
    partial = partial_of(workspace.cache, TORCH.sha256)
    first = workspace.start(environment, *words)
    try:
        eventually(lambda: size_of(partial) == 1_000_000, 60)
    finally:
        first.kill()
    flip(partial)
    run = workspace.tool(environment, *words)
    assert run.returncode == 0, run.output
    assert ranges(index) == [None, "bytes=1000000-", None]
    assert finished_of(workspace.cache, TORCH.sha256).read_bytes() == TORCH.content


# --- not to be written ------------------------------------------------------------------------------

MOUNTED_READ_ONLY = (
    *(*UNSEEN, "sh", "-c"),
    'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"',
)


@contextmanager
def not_writable(how: str, folder: Path) -> Iterator[tuple[str, ...]]:
    """Make a folder one that cannot be written; the words that a run has to be started behind."""
    paths = [folder, *folder.rglob("*")]
    if how == "mount":
        yield (*MOUNTED_READ_ONLY, str(folder))
        return
    for path in paths:
        if how == "owner":
            os.chown(path, 65534, 65534)
        else:
            path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield UNPRIVILEGED if IS_ROOT else ()
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize(
    ("how", "option"),
    [
        pytest.param("mode", "--file-cache", id="mode"),
        pytest.param("owner", "--file-cache", id="another user's"),
        pytest.param("mount", "--cache-dir", id="pip's, mounted read-only"),
    ],
)
def test_a_cache_that_can_only_be_read(
    index: FaultyIndex, workspace: Workspace, how: str, option: str, request: pytest.FixtureRequest
) -> None:
    """What is there is used, wheels built here too; what is new lasts for the run, and the log says so."""
    if how == "mount":
        request.getfixturevalue("can_mount")
    if how == "owner" and not IS_ROOT:
        pytest.skip("only root can give a folder away")
    builds = workspace.root / "builds"
    code = f"open({str(builds)!r}, 'a').write('x')"
    index.add(make_sdist("src", "1.0", before_build=code))
    index.add(SMALL)
    index.add(TORCH)
    folder = workspace.cache if option == "--file-cache" else workspace.cache / "resilient-pip"
    caching = (option, str(workspace.cache))
    words = ("install", "--index-url", index.url, "small", "src")
    place = Place(root=workspace.root, caching=caching)
    assert place.tool(workspace.environment("first"), *words).returncode == 0
    before = sorted(folder.rglob("*"))
    target = workspace.environment("second")
    with not_writable(how, workspace.cache) as start:
        run = Place(root=workspace.root, caching=caching, before=start).tool(target, *words, "torch")
    assert run.returncode == 0, run.output
    assert target.versions() == {"small": "1.0", "src": "1.0", "torch": "1.0"}
    assert index.sent(SMALL.path) == SMALL.size
    assert builds.read_text() == "x"
    assert run.output.count("what is there is used, nothing is kept for the next run") == 1
    assert sorted(folder.rglob("*")) == before


def test_a_named_cache_that_cannot_be_used(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Exit 73, the folder and what to do, before anything is asked for; the default one is done without."""
    workspace.write("cache", "no folder")
    run = workspace.tool(environment, "install", "--index-url", index.url, "torch")
    assert run.returncode == 73, run.output
    assert run.block["cause"].startswith(f"cannot write {workspace.cache}")
    assert run.block["do"].startswith("free space or permit writing there")
    assert index.requests == []


@pytest.mark.usefixtures("can_mount")
def test_a_disk_that_becomes_full(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """Exit 73 with the bytes that are needed and free; what came is kept, and the next run goes on there."""
    index.add(TORCH)
    index.script(TORCH.path, [Drip(1_000_000), Ok()])
    partial = partial_of(workspace.cache, TORCH.sha256)
    script = f"""
        mount -t tmpfs -o size=8m tmpfs "$0"
        "$@" & run=$!
        until [ "$(stat -c %s {partial} || echo 0)" -gt 1000000 ]; do sleep 0.1; done 2>&-
        cat /dev/zero > "$0/filler"
        wait $run; echo "first: $?"
        rm "$0/filler"; exec "$@"
    """
    workspace.cache.mkdir()
    before = (*UNSEEN, "sh", "-c", script, str(workspace.cache))
    place = Place(root=workspace.root, before=before, caching=("--file-cache", str(workspace.cache)))
    run = place.tool(environment, "install", "--index-url", index.url, "torch", timeout_s=120)
    assert "first: 73" in run.output, run.output
    assert re.search(r"No space left on device: [12]\.\d MB more are needed, 0 B are free", run.output), (
        run.output
    )
    assert run.returncode == 0, run.output
    [begun, rest] = ranges(index)
    assert begun is None
    assert rest is not None
    assert int(re.findall(r"\d+", rest)[0]) > 1_000_000


def test_a_cache_on_another_file_system(index: FaultyIndex, workspace: Workspace) -> None:
    """Files and wheels are linked from there, whatever file system environment and TMPDIR are on."""
    shared = Path("/dev/shm")  # noqa: S108 - another file system is the point
    if not os.access(shared, os.W_OK) or shared.stat().st_dev == workspace.root.stat().st_dev:
        pytest.skip("it is no other file system here")
    index.add(TORCH)
    index.add(make_sdist("src", "1.0"))
    words = ("install", "--index-url", index.url, "torch", "src")
    with TemporaryDirectory(dir=shared) as folder:
        place = Place(root=workspace.root, caching=("--file-cache", f"{folder}/not/made/yet"))
        targets = [workspace.environment(name) for name in ("first", "second")]
        runs = [place.tool(target, *words) for target in targets]
    assert [run.returncode for run in runs] == [0, 0], [run.output for run in runs]
    assert [target.versions() for target in targets] == [{"torch": "1.0", "src": "1.0"}] * 2
    assert index.sent(TORCH.path) == TORCH.size


# --- looked after -----------------------------------------------------------------------------------


def test_purge_beside_a_running_install(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """It leaves what the run has and writes, says so, and takes it when the run has ended."""
    index.add(SMALL)
    index.add(TORCH)
    index.script(TORCH.path, [Drip(500_000)])
    run = workspace.start(environment, "install", "--index-url", index.url, "torch", "small")
    eventually(lambda: finished_of(workspace.cache, SMALL.sha256).exists(), 60)
    eventually(lambda: size_of(partial_of(workspace.cache, TORCH.sha256)) > 0, 60)
    purged = cache(workspace, "purge")
    assert purged.returncode == 0, purged.output
    nothing, left = purged.stdout.splitlines()
    assert nothing == "nothing removed"
    assert left.startswith("left 2 files, ")
    assert run.finish(60).returncode == 0
    assert ranges(index) == [None]
    assert environment.versions() == {"torch": "1.0", "small": "1.0"}
    listed = [line.split() for line in cache(workspace, "list").stdout.splitlines()]
    assert sorted((words[0], words[-1]) for words in listed) == [
        ("small-1.0-py3-none-any.whl", "finished"),
        ("torch-1.0-py3-none-any.whl", "finished"),
    ]
    assert cache(workspace, "purge").stdout == "removed 2 files, 4.1 MB (2 finished)\n"
    assert cache(workspace, "list").stdout == ""
