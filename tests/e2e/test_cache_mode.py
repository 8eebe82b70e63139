"""What stays of a run's downloads: nothing, group by group, in a container; everything on a mount."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.environments import Environment, Run, Workspace, eventually
from tests.support.faults import EarlyClose, Hold, Ok, Status
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE, QUICK
from tests.support.wheels import make_sdist, make_wheel

FIRST = make_wheel("first", "1.0", size=3_000_000)
SECOND = make_wheel("second", "1.0", size=3_000_000)
THIRD = make_wheel("third", "1.0", size=3_000_000)
DISCARD = ("--cache-mode", "discard")
AUTO = ("--cache-mode", "auto")
TOOL = (sys.executable, "-m", "resilient_pip")

IN_A_CONTAINER = """
disk=$1 mounted=$2 && shift 2
mount -t tmpfs tmpfs "$disk" && mkdir "$disk/upper" "$disk/work" "$disk/root" &&
mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$disk/root" &&
mount --rbind /proc "$disk/root/proc" && mount --rbind /dev "$disk/root/dev" || exit 77
[ "$mounted" = - ] || mount --bind "$mounted" "$disk/root/$mounted" || exit 77
chroot "$disk/root" env -C "$PWD" "$@"; code=$?
find "$disk/upper" -type f -size +100k -not -path '*/env*/*' -not -name '.coverage*' -printf 'layer: %f\\n'
exit $code
"""
"""Runs a command on a root of layers, with a mount of its own or "-", and lists what the new layer holds."""


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A place to mount at, which may be done where nobody else sees it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    tried = subprocess.run(mount, capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"no mounting here: {tried.stderr.decode().strip()}")
    return folder


Container = Callable[[str | Path], Workspace]


@pytest.fixture
def container(workspace: Workspace, disk: Path) -> Container:
    """Runs on a root of layers, with what is mounted there ("-": nothing)."""

    def make(mounted: str | Path) -> Workspace:
        before = ("unshare", "--mount", "sh", "-c", IN_A_CONTAINER, "-", str(disk), str(mounted))
        return replace(workspace, program=(*before, *TOOL))

    tried = replace(make("-"), program=make("-").program[:-2]).start(None, "-c", "").finish(60)
    if tried.returncode:
        pytest.skip(f"no root of layers here: {tried.output.strip()}")
    return make


def told(run: Run) -> list[str]:
    """What a run says of its cache."""
    return re.findall(r"\] (cache: .*)", run.output)


def downloads(workspace: Workspace) -> set[str]:
    """The complete files in the folders of runs, by their hashes."""
    return {path.name for path in (workspace.root / "tmp").glob("resilient-pip-*/files/files/sha256/*/*")}


def test_wheels_go_group_by_group(index: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """While the next group still comes, those of installed ones are gone; the cache is not even made."""
    rest = threading.Event()
    for file in (FIRST, SECOND, THIRD):
        index.add(file)
    index.script(THIRD.path, [Hold(1_000_000, rest)])
    words = ("install", "--index-url", index.url, *EACH_ALONE, *DISCARD, "first", "second", "third")
    running = workspace.start(environment, *words)
    try:
        running.wait_for_line(lambda line: "group 2/3 second: installed" in line, 60)
        assert downloads(workspace) == set()
    finally:
        rest.set()
    run = running.finish(60)
    assert run.returncode == 0, run.output
    assert environment.versions() == {"first": "1.0", "second": "1.0", "third": "1.0"}
    assert told(run) == [f"cache: nothing is kept in {workspace.cache}, as --cache-mode discard says"]
    assert not workspace.cache.exists()
    assert list((workspace.root / "tmp").iterdir()) == []
    assert not (workspace.home / ".cache").exists()


def test_wheels_go_though_all_are_fetched_first(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A run that replaces something has all wheels at first, and the one of a group no longer than that."""
    old = index.add(make_wheel("first", "0.9"))
    for file in (FIRST, SECOND, THIRD):
        index.add(file)
    install = ("install", "--index-url", index.url, *EACH_ALONE, *DISCARD)
    assert workspace.tool(environment, *install, f"first=={old.version}").returncode == 0
    rest = threading.Event()
    index.script(SECOND.path, [Hold(1_000_000, rest)])
    running = workspace.start(environment, *install, "--upgrade", "first", "second", "third")
    try:
        eventually(lambda: downloads(workspace) == {FIRST.sha256, THIRD.sha256}, 60)
        assert environment.versions() == {"first": "0.9"}
        rest.set()
        running.wait_for_line(lambda line: "group 1/3 first: installed" in line, 60)
        assert FIRST.sha256 not in downloads(workspace)
    finally:
        rest.set()
    run = running.finish(60)
    assert run.returncode == 0, run.output
    assert environment.versions() == {"first": "1.0", "second": "1.0", "third": "1.0"}


ON_A_SMALL_DISK = """
disk=$1 size=$2 cache=$3 site=$4 && shift 4
mount -t tmpfs -o "size=$size" tmpfs "$disk" && mkdir "$disk/tmp" "$disk/cache" "$disk/site" &&
mount --bind "$disk/cache" "$cache" && mount --bind "$disk/site" "$site" && exec "$@"
"""
"""Runs a command whose temporary files, cache and site-packages share so many bytes."""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(DISCARD, 0, id="discard"),
        pytest.param(("--cache-mode", "keep"), 73, id="keep"),
        pytest.param((*DISCARD, "--force-reinstall"), 73, id="discard, in one call"),
    ],
)
def test_the_most_that_lies_on_the_disk(  # noqa: PLR0917 - the table's columns, and what every test gets
    index: FaultyIndex,
    workspace: Workspace,
    environment: Environment,
    disk: Path,
    words: tuple[str, ...],
    code: int,
) -> None:
    """All that is installed and one group's wheel find room where twice all of it does not; both is known."""
    large = [index.add(make_wheel(f"large-{letter}", "1.0", size=20_000_000)) for letter in "abc"]
    size = sum(file.size for file in large) + large[0].size + 35_000_000  # pip's copy is some 20 MB
    workspace.cache.mkdir()
    script = ("unshare", "--mount", "sh", "-c", ON_A_SMALL_DISK, "-", str(disk), str(size))
    before = (*script, str(workspace.cache), str(environment.site_packages))
    place = replace(workspace, program=(*before, *TOOL))
    install = ("install", "--index-url", index.url, *EACH_ALONE, *words, *(file.name for file in large))
    run = place.tool(environment, *install, env={"TMPDIR": str(disk / "tmp")})
    assert run.returncode == code, run.output
    if code:
        assert re.search(r"120\.\d MB are needed, [\d.]+ MB are free", run.block["cause"]), run.output
        assert [index.sent(file.path) for file in large] == [0, 0, 0]


def test_wheels_stay_while_something_is_to_be_built(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """A build that needs what is installed already gets it without another transfer; then all go."""
    rest = threading.Event()
    for file in (FIRST, make_sdist("built", "1.0", build_requires=["first"]), THIRD):
        index.add(file)
    index.script(THIRD.path, [Hold(1_000_000, rest)])
    words = ("install", "--index-url", index.url, *EACH_ALONE, *DISCARD, "first", "built", "third")
    running = workspace.start(environment, *words)
    try:
        running.wait_for_line(lambda line: "group 2/3 built: installed" in line, 60)
        assert downloads(workspace) == set()
    finally:
        rest.set()
    run = running.finish(60)
    assert run.returncode == 0, run.output
    assert index.sent(FIRST.path) == FIRST.size


def test_an_earlier_cache_is_read_and_left_as_it_is(index: FaultyIndex, workspace: Workspace) -> None:
    """Files and built wheels of earlier runs are used; not even their times change."""
    built = workspace.root / "builds"
    index.add(FIRST)
    index.add(SECOND)
    index.add(make_sdist("src", "1.0", before_build=f"open({str(built)!r}, 'a').write('x')"))
    install = ("install", "--index-url", index.url)
    assert workspace.tool(workspace.environment("one"), *install, "first", "src").returncode == 0
    before = state(workspace.cache)
    target = workspace.environment("two")
    run = workspace.tool(target, *install, *DISCARD, "first", "second", "src")
    assert run.returncode == 0, run.output
    assert target.versions() == {"first": "1.0", "second": "1.0", "src": "1.0"}
    assert index.sent(FIRST.path) == FIRST.size
    assert built.read_text() == "x"
    assert state(workspace.cache) == before


def test_a_failure_promises_nothing(
    index: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Without a cache the next run begins again, and the block does not say that it resumes."""
    index.add(FIRST)
    index.script(FIRST.path, [EarlyClose(1_000_000), Status(503)])
    install = ("install", "--index-url", index.url, *QUICK, *DISCARD, "first")
    run = workspace.tool(environment, *install)
    assert run.returncode == 75, run.output
    assert "kept" not in run.block
    assert run.block["do"] == "wait a little, then run the same command again; or name a --mirror"
    assert not workspace.cache.exists()


@pytest.mark.usefixtures("disk")
def test_what_the_cache_command_says_of_a_run(workspace: Workspace) -> None:
    """It says what a run would do: what somebody wants kept cannot be kept where nothing can be written."""
    workspace.cache.mkdir()
    read_only = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"'
    before = ("unshare", "--mount", "sh", "-c", read_only, str(workspace.cache))
    assert (
        "keeps what it downloads, as --cache-mode keep says" in workspace.tool(None, "cache", "info").stdout
    )
    run = replace(workspace, program=(*before, *TOOL)).tool(None, "cache", "info")
    assert run.stdout.endswith("  a run     keeps nothing, as it cannot be written\n"), run.output


# --- on a root of layers ----------------------------------------------------------------------------


def test_a_layer_holds_what_is_installed_and_nothing_else(
    index: FaultyIndex, workspace: Workspace, environment: Environment, container: Container
) -> None:
    """A run on a root of layers finds out, says so and what to do, and leaves no download there."""
    for file in (FIRST, SECOND):
        index.add(file)
    run = container("-").tool(environment, "install", "--index-url", index.url, *AUTO, "first", "second")
    assert run.returncode == 0, run.output
    why = "it is in the container's own layer"
    remedy = f"RUN --mount=type=cache,target={workspace.cache} keeps it, --cache-mode keep too"
    assert told(run) == [f"cache: nothing is kept in {workspace.cache}, as {why}; {remedy}"]
    assert "layer: " not in run.output
    info = container("-").tool(None, "cache", "info", env={"RESILIENT_PIP_CACHE_MODE": "auto"})
    assert f"  a run     keeps nothing, as {why}\n" in info.stdout


def test_a_failure_in_a_layer_names_the_mount(
    index: FaultyIndex, workspace: Workspace, environment: Environment, container: Container
) -> None:
    """Where a cache mount would have made the next build resume, the failure block says so."""
    index.add(FIRST)
    index.script(FIRST.path, [EarlyClose(1_000_000), Status(503)])
    run = container("-").tool(environment, "install", "--index-url", index.url, *QUICK, *AUTO, "first")
    assert run.returncode == 75, run.output
    mount = f"--mount=type=cache,target={workspace.cache}"
    assert run.block["kept"] == f"nothing; with RUN {mount} the next build resumes"


def test_a_mount_keeps_what_a_failed_run_has_got(
    index: FaultyIndex, workspace: Workspace, environment: Environment, container: Container
) -> None:
    """On a cache mount a partial file stays, and the next run on a fresh layer goes on there."""
    index.add(FIRST)
    index.script(FIRST.path, [EarlyClose(1_000_000), Status(503), Status(503), Status(503), Ok()])
    workspace.cache.mkdir()
    mounted = container(workspace.cache)
    install = ("install", "--index-url", index.url, *QUICK, *AUTO, "first")
    failed = mounted.tool(environment, *install)
    assert failed.returncode == 75, failed.output
    assert failed.block["kept"] == "1.0 MB; the same command resumes there"
    run = mounted.tool(environment, *install)
    assert run.returncode == 0, run.output
    kept = f"cache: {workspace.cache} is kept for the next run, as {workspace.cache} is a mount of its own"
    assert told(failed) == told(run) == [kept]
    assert index.sent(FIRST.path) == FIRST.size
    assert "layer: " not in run.output


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    """Every path below a folder with its size and the time of its last change of any kind."""
    return {path: (path.stat().st_size, path.stat().st_ctime_ns) for path in folder.rglob("*")}
