"""Where pip puts the parts of a wheel: an installation scheme of sysconfig, as pip bends it. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from resilient_pip.model import Install
from resilient_pip.target.environment import Target
from resilient_pip.target.usable import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """The folders of one destination, absolute."""

    home: Path
    """The folder that this destination has for itself."""
    purelib: Path
    platlib: Path
    base: Path
    """What scripts and data files are below."""
    elsewhere: tuple[Path, ...] = ()
    """Further site-packages out of which pip takes what it replaces."""
    moved: bool = False
    """Whether pip moves all there at its end (--target), so that nothing there is finished before."""

    @property
    def libraries(self) -> tuple[Path, ...]:
        """Every folder that may hold a .dist-info of a project that is installed or replaced."""
        return tuple(dict.fromkeys((self.purelib, self.platlib, *self.elsewhere)))

    @property
    def bases(self) -> tuple[Path, ...]:
        """What pip may write below and remove from."""
        return tuple(dict.fromkeys((self.base, *map(base_of, self.elsewhere))))

    def place(self, name: str, library: Path) -> Path | None:
        """Say where a file of a wheel goes, given its name there; None where that is not known.

        Not known are headers: their folder is named in another way by every kind of environment.

        Args:
            name: its path in the archive, "/" between the parts.
            library: where the wheel's root goes: purelib or platlib.
        """
        folder, rest = library, name
        head, _, tail = name.partition("/")
        if head.endswith(".data"):
            key, _, rest = tail.partition("/")
            folders = {"purelib": self.purelib, "platlib": self.platlib, "data": self.base}
            folders["scripts"] = self.base / "bin"
            if key not in folders:
                return None
            folder = folders[key]
        # Not by Path's own means, which take ten times as long: a wheel may have 20,000 files.
        path = os.path.normpath(os.path.join(folder, rest))  # noqa: PTH118
        return Path(path) if path.startswith(os.path.join(folder, "")) else None  # noqa: PTH118


def path_from(path: Path, folder: Path) -> str:
    """Give a path as seen from a folder, both absolute and normalised; fast for what is below it."""
    text, start = str(path), os.path.join(folder, "")  # noqa: PTH118 - as above
    return text.removeprefix(start) if text.startswith(start) else os.path.relpath(text, folder)


def scheme_of(target: Target, install: Install, destination: Destination) -> Scheme:
    """Find the scheme that pip installs with (its get_scheme)."""
    given = dict(word.split("=", 1) for word in install.install_options if "=" in word)
    if folder := given.get("--target"):
        path = Path(folder).absolute()
        return Scheme(home=path, purelib=path, platlib=path, base=path, moved=True)
    by_user = install.user or destination.by_default
    libraries = [Path(target.user_site)] * 2 if by_user else [Path(target.purelib), Path(target.platlib)]
    base = base_of(libraries[0])
    home = libraries[0]
    normal = tuple(map(Path, (target.purelib, target.platlib, target.user_site)))
    if prefix := given.get("--prefix"):
        libraries = list(_moved(libraries, base, Path(prefix).absolute()))
        home = base = Path(prefix).absolute()
    if root := given.get("--root"):
        top = Path(root).absolute()
        home = top / home.relative_to(home.anchor) if prefix else top
        libraries = list(_moved(libraries, Path(base.anchor), top))
        base = top / base.relative_to(base.anchor)
    # Into another place, too, pip takes what it replaces out of the environment that it sees.
    elsewhere = tuple(path for path in normal if path not in libraries)
    return Scheme(home=home, purelib=libraries[0], platlib=libraries[1], base=base, elsewhere=elsewhere)


def base_of(library: Path) -> Path:
    """Give what a site-packages folder lies three levels below, in every POSIX scheme of sysconfig."""
    return library.parents[2]


def _moved(paths: Iterable[Path], old: Path, new: Path) -> Iterable[Path]:
    # What lies elsewhere (a platlib of its own, say) is left as it is.
    return [new / path.relative_to(old) if path.is_relative_to(old) else path for path in paths]
