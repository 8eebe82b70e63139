"""Real `docker build`s of one test: Dockerfiles from strings, what came of them, and what is in the image."""

from __future__ import annotations

import hashlib
import itertools
import re
import subprocess
import tarfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TypeAlias

from tests.docker.engine import CLIENT, Engine
from tests.support.environments import Line, Run, Running

TOOL = "/usr/local/bin/resilient-pip"
"""Where the tool is in a build."""
CACHE = "/root/.cache/pip"
"""Where pip's cache is in a build, of which the tool's is a part."""
BUILD_S = 120.0
"""Within which a build ends, on a loaded machine too."""
Entry: TypeAlias = tuple[str, int, int, int, str]
"""Kind, mode, owner, group, and content: a digest, or where a link leads."""

_TITLE = re.compile(r"#(?P<step>\d+) (?P<title>\[.*)")
_PRINTED = re.compile(r"#(?P<step>\d+) \d+\.\d+ ?(?P<text>.*)")
_COMMAND_EXIT = re.compile(r"#\d+ ERROR: .* exit code: (\d+)")
_CACHED = re.compile(r"#(?P<step>\d+) CACHED")


@dataclass(frozen=True, kw_only=True)
class Build:
    """How one `docker build` went."""

    image: str
    whole: Run
    """What Docker printed."""

    @property
    def exit_code(self) -> int:
        """Docker's."""
        return self.whole.returncode

    @property
    def command_exit(self) -> int | None:
        """The exit code of the RUN line that ended the build; None where none did."""
        codes = [match[1] for line in self.whole.lines if (match := _COMMAND_EXIT.fullmatch(line.text))]
        return int(codes[-1]) if codes else None

    @cached_property
    def told(self) -> Run:
        """What the commands of its RUN lines printed, without BuildKit's marks."""
        printed = [(line, match) for line in self.whole.lines if (match := _PRINTED.fullmatch(line.text))]
        lines = [Line(line.at_s, "stderr", match["text"]) for line, match in printed]
        return replace(self.whole, lines=tuple(lines))

    @property
    def longest_silence_s(self) -> float:
        """The longest time between two lines of its commands."""
        times = [line.at_s for line in self.told.lines]
        return max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)

    @property
    def ran(self) -> list[str]:
        """The RUN instructions that were carried out, as they stand in the Dockerfile."""
        return [text for text, cached in self._runs if not cached]

    @property
    def cached(self) -> list[str]:
        """The RUN instructions whose layers were there already."""
        return [text for text, cached in self._runs if cached]

    @cached_property
    def _runs(self) -> list[tuple[str, bool]]:
        texts = [line.text for line in self.whole.lines]
        cached = {match["step"] for text in texts if (match := _CACHED.fullmatch(text))}
        titles = {match["step"]: match["title"] for text in texts if (match := _TITLE.fullmatch(text))}
        return [
            (title.partition("] RUN ")[2], step in cached)
            for step, title in sorted(titles.items(), key=lambda each: int(each[0]))
            if "] RUN " in title
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A `docker build` that is under way."""

    image: str
    running: Running

    def wait_for_lines(self, words: str, count: int) -> None:
        """Wait until so many different lines with these words were printed."""
        found: set[str] = set()

        def is_last(line: str) -> bool:
            found.update({line} if words in line else ())
            return len(found) >= count

        self.running.wait_for_line(is_last, BUILD_S)

    def finish(self) -> Build:
        """Wait for its end."""
        return Build(image=self.image, whole=self.running.finish(BUILD_S))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """Where one test builds. Its images and its cache mount have names that no other test's have."""

    engine: Engine
    tool: str
    """The image that holds nothing but resilient-pip.pyz."""
    folder: Path
    """The build context."""
    name: str = field(default_factory=lambda: f"resilient-pip-test-{uuid.uuid4().hex[:12]}")
    images: list[str] = field(default_factory=list)

    @property
    def tool_mount(self) -> str:
        """The mount that brings the tool and leaves nothing of it."""
        return f"--mount=type=bind,from={self.tool},source=/resilient-pip.pyz,target={TOOL}"

    @property
    def cache_mount(self) -> str:
        """The mount that keeps pip's cache from build to build."""
        return f"--mount=type=cache,id={self.name},target={CACHE}"

    def install(self, index_url: str, *words: str, cached: bool = True) -> str:
        """Write the RUN line that installs with the tool, which is mounted, and with or without the cache."""
        mounts = f"{self.tool_mount} {self.cache_mount}" if cached else self.tool_mount
        return f"RUN {mounts} resilient-pip --index-url {index_url} {' '.join(words)}"

    def build(self, base: str, *instructions: str, files: Mapping[str, str] | None = None) -> Build:
        """Build to the end.

        Args:
            base: the image to build on.
            instructions: the lines of the Dockerfile below FROM.
            files: further files of the build context, name to text.
        """
        return self.start(base, *instructions, files=files).finish()

    def start(self, base: str, *instructions: str, files: Mapping[str, str] | None = None) -> Started:
        """Start a build; its layers are no earlier test's."""
        for name, text in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        image = f"{self.name}:{len(self.images) + 1}"
        dockerfile = self.folder / f"Dockerfile.{len(self.images) + 1}"
        dockerfile.write_text("\n".join([f"FROM {base}", f"ENV TEST={self.name}", *instructions, ""]))
        return self.start_file(dockerfile, image)

    def start_file(self, dockerfile: Path, image: str, *options: str) -> Started:
        """Start a build of a Dockerfile as it is."""
        self.images.append(image)
        words = ("build", "--network=host", "--progress=plain", "--file", str(dockerfile), "--tag", image)
        running = self.engine.start(self.folder, *words, *options, str(self.folder))
        return Started(image=image, running=running)

    def run(self, image: str, *words: str, options: Sequence[str] = ()) -> Run:
        """Run a command in a container that is removed afterwards."""
        argv = ("run", "--rm", "--network=host", *options, image, *words)
        return self.engine.start(self.folder, *argv).finish(BUILD_S)

    def files(self, image: str) -> dict[str, Entry]:
        """Read every path of an image, without times."""
        return _files(self.engine, image)

    def added(self, before: str, after: str) -> dict[str, Entry]:
        """Tell what an image has that another has not, or has otherwise.

        Raises:
            AssertionError: something is gone that the other has.
        """
        old, new = self.files(before), self.files(after)
        assert not old.keys() - new.keys()
        return {path: entry for path, entry in new.items() if entry != old.get(path)}

    def layers(self, image: str) -> list[tuple[str, int]]:
        """List instruction and bytes of each layer above the base image's, the first one first."""
        form = "{{.CreatedBy}}\t{{.Size}}"
        told = self.engine.run("history", "--human=false", "--no-trunc", "--format", form, image)
        rows = [line.rpartition("\t") for line in reversed(told.splitlines())]
        return [(text, int(size)) for text, _, size in rows if not text.startswith("ENV") and text]

    def file_size(self, image: str, path: str) -> int:
        """Ask an image for the size of one of its files."""
        return int(self.run(image, "stat", "--format=%s", path).stdout)

    def remove(self) -> None:
        """Remove the images of this test."""
        for image in self.images:
            if self.engine.has_image(image):
                self.engine.run("image", "rm", "--force", image)


@cache
def _files(engine: Engine, image: str) -> dict[str, Entry]:
    container = engine.run("create", image, "/none").strip()
    try:
        return _exported(engine, container)
    finally:
        engine.run("rm", container)


def _exported(engine: Engine, container: str) -> dict[str, Entry]:
    found = {}
    with (
        subprocess.Popen(
            [str(CLIENT), "export", container], env=engine.environ(), stdout=subprocess.PIPE
        ) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            found[f"/{member.name.removeprefix('./')}"] = _entry(archive, member)
    return found


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    content = member.linkname
    if data := archive.extractfile(member) if member.isreg() else None:
        content = hashlib.sha256(data.read()).hexdigest()
    return (member.type.decode(), member.mode, member.uid, member.gid, content)
