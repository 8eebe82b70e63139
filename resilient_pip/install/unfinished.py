"""What an installation that was ended half way leaves: projects that look installed and are not.

pip writes scripts, INSTALLER and REQUESTED after the files, .dist-info among them: a run that is ended in
between leaves what every later pip takes for installed. So that the next run installs it again, its
.dist-info is taken away; files that stay are overwritten then.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from packaging.utils import canonicalize_version

from resilient_pip.model import PlannedFile, project_name


@contextmanager
def forgetting_unfinished(files: Sequence[PlannedFile], folders: Iterable[Path]) -> Iterator[None]:
    """Forget what the block leaves unfinished in `folders` where it does not come to its end.

    Args:
        files: what the block installs.
        folders: the site-packages that it installs into.
    """
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            for folder in set(folders):
                _forget(files, folder)


def _forget(files: Sequence[PlannedFile], folder: Path) -> None:
    # Of the same version as before (--force-reinstall), a .dist-info may be one that was there, whole.
    new = {_key(file.project, file.version) for file in files if file.replaces != file.version}
    for info in folder.glob("*.dist-info"):
        name, _, version = info.stem.partition("-")
        if _key(name, version) in new and not (info / "INSTALLER").exists():
            shutil.rmtree(info, ignore_errors=True)


def _key(name: str, version: str) -> tuple[str, str]:
    return project_name(name), canonicalize_version(version)
