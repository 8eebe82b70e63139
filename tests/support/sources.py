"""Source trees and repositories: what a build starts from where it does not start from an archive."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

from tests.support.wheels import Distribution

_WHEN = "2024-01-01T00:00:00+00:00"
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.org"), ("DATE", _WHEN))
}


def unpack(sdist: Distribution, folder: Path) -> Path:
    """Write the source tree of an sdist into `folder`, over what is there, and return it."""
    with tarfile.open(fileobj=io.BytesIO(sdist.content)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None, member
            path = folder / member.name.partition("/")[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())
    return folder


def commit(folder: Path, *, tag: str | None = None) -> str:
    """Commit all that is in `folder` to its branch main, with one tree always as one commit; its id."""
    git(folder, "init", "--quiet", "--initial-branch=main", "--template=")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=all")
    if tag:
        git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD").strip()


def git(folder: Path, *words: str) -> str:
    """Run git in a folder and give what it prints."""
    environ = {**os.environ, **_IDENTITY}
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout
