"""Installations made by hand, whole or half, in a site-packages of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from resilient_pip.install.layout import Layout, read_layout
from resilient_pip.install.scheme import Scheme
from resilient_pip.install.survey import Survey, survey
from resilient_pip.model import ProjectName
from tests.support.runs import planned
from tests.support.wheels import Distribution


def scheme_in(root: Path, *, moved: bool = False) -> Scheme:
    """Make the folders of an environment below `root` (of --target: `root` itself)."""
    library = root if moved else root / "lib/python3.11/site-packages"
    library.mkdir(parents=True, exist_ok=True)
    (root / "bin").mkdir(exist_ok=True)
    (root / "bin/python").touch()
    return Scheme(home=library, purelib=library, platlib=library, base=root, moved=moved)


def put(scheme: Scheme, stem: str, files: Iterable[str], *, finished: bool = True) -> None:
    """Write files (paths from site-packages on) and the .dist-info of "name-version" that lists them."""
    rows = [*files, f"{stem}.dist-info/METADATA", f"{stem}.dist-info/RECORD"]
    rows += [f"{stem}.dist-info/INSTALLER"] if finished else []
    for row in rows:
        path = scheme.purelib / row
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(stem)
    record = scheme.purelib / f"{stem}.dist-info/RECORD"
    record.write_text("".join(f"{row},,\n" for row in rows))


def surveyed(
    scheme: Scheme,
    folder: Path,
    *distributions: Distribution,
    ignores_installed: bool = False,
    compiles: bool = False,
) -> Survey:
    """Look at what is there before these wheels are installed; `folder` gets the wheels."""
    layouts: dict[ProjectName, Layout] = {}
    files = [planned(each.name, each.version, each.size) for each in distributions]
    folder.mkdir(exist_ok=True)
    for file, distribution in zip(files, distributions, strict=True):
        wheel = folder / distribution.filename
        wheel.write_bytes(distribution.content)
        layouts[file.project] = read_layout(wheel, scheme)
    return survey(
        files, layouts, scheme, ignores_installed=ignores_installed, compiles=layouts if compiles else ()
    )


def left(root: Path) -> Mapping[str, str]:
    """Give every file below `root` with its text; empty folders end with a slash."""
    found = {}
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if path.is_file():
            found[name] = path.read_text()
        elif not any(path.iterdir()):
            found[f"{name}/"] = ""
    return found
