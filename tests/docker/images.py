"""The base images that tests build on: Debian by debootstrap, so that no image registry is needed."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.docker.engine import CLIENT, Engine, Missing

MIRROR = "http://deb.debian.org/debian"
_PIP = ("python3-pip", "python3-venv")
_PACKAGES = ("python3", *_PIP, "ca-certificates")
_DEBOOTSTRAP_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A Debian with its own Python, pip and venv."""

    suite: str
    python: str

    @property
    def image(self) -> str:
        """Name of the image."""
        return f"resilient-pip-base:{self.suite}"

    @property
    def packages(self) -> str:
        """Where its Python looks for what another than Debian's packages installs."""
        return f"/usr/local/lib/python{self.python}/dist-packages"


TRIXIE = Base(suite="trixie", python="3.13")
BOOKWORM = Base(suite="bookworm", python="3.11")
WITHOUT_PIP = "resilient-pip-base:trixie-without-pip"
ALL = (TRIXIE.image, BOOKWORM.image, WITHOUT_PIP)


def missing_images(engine: Engine) -> list[str]:
    """List the base images that are not there."""
    return [image for image in ALL if not engine.has_image(image)]


def make_images(engine: Engine, say: Callable[[str], None]) -> None:
    """Make the base images that are not there, side by side; `say` is told what is made.

    Raises:
        Missing: debootstrap fails.
    """
    wanted = [base for base in (TRIXIE, BOOKWORM) if not engine.has_image(base.image)]
    for base in wanted:
        say(f"making {base.image}, which takes a minute or two")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda base: _make(engine, base), wanted))
    if not engine.has_image(WITHOUT_PIP):
        say(f"making {WITHOUT_PIP}")
        _make_without_pip(engine)


def _make(engine: Engine, base: Base) -> None:
    with tempfile.TemporaryDirectory(prefix="base-") as folder:
        root = Path(folder) / base.suite
        _check(
            [
                *("debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}"),
                *(base.suite, str(root), MIRROR),
            ]
        )
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:  # noqa: S607 - wherever it is
            subprocess.run(
                [str(CLIENT), "import", "-", base.image],
                env=engine.environ(),
                stdin=tar.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )


def _make_without_pip(engine: Engine) -> None:
    """Take pip, venv and the wheels that they carry out of the image that has them."""
    with tempfile.TemporaryDirectory(prefix="base-") as folder:
        names = " ".join((*_PIP, f"python{TRIXIE.python}-venv", "python3-pip-whl"))
        dockerfile = f"FROM {TRIXIE.image}\nRUN dpkg --purge --force-depends {names} && ! python3 -m pip\n"
        (Path(folder) / "Dockerfile").write_text(dockerfile)
        engine.run("build", "--quiet", "--network=none", "--tag", WITHOUT_PIP, folder)


def _check(argv: Sequence[str]) -> None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_DEBOOTSTRAP_S, check=False)
    except FileNotFoundError as error:
        raise Missing(f"no {argv[0]} (Debian: apt-get install {argv[0]})") from error
    if done.returncode:
        raise Missing(f"{' '.join(argv)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
