"""The programs that are compared, as values, and the environment that holds those of others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.naming import spelled_out
from tests.lab.trial import Errand, Tool

ROOT = Path(__file__).parents[1]
PACKAGES = ("pip==26.3", "uv==0.13.9")
HOME = ROOT / ".venvs" / "peers"
_CONFIGURING = ("PIP_", "UV_", "RESILIENT_PIP_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """A program that installs packages, with its defaults."""

    name: str
    """What the command line of a benchmark calls it."""
    title: str
    """Name and version, as a table shows them."""
    command: tuple[str, ...]
    """Its first words, before the target environment is named."""
    action: tuple[str, ...] = ()
    """The words behind it."""
    cache_variable: str
    """The variable that names its cache folder."""
    cert_variable: str
    """The variable that names the certificates which it trusts."""

    def argv(self, python: Path, words: Sequence[str]) -> list[str]:
        """Say how it installs `words` (options and requirements) for the interpreter `python`."""
        return [*self.command, "--python", str(python), *self.action, *words]

    def tool(self) -> Tool:
        """Give it the form that the fault laboratory takes: nothing is configured but the index."""
        return Tool(name=self.title, argv=self._errand_argv, env=self._errand_env, telling=spelled_out)

    def _errand_argv(self, errand: Errand) -> Sequence[str]:
        return self.argv(errand.python, ["--index-url", errand.index_url, "-r", str(errand.requirements)])

    def _errand_env(self, errand: Errand) -> Mapping[str, str]:
        trusted = {self.cert_variable: str(errand.cert)} if errand.cert else {}
        return {
            "PIP_CONFIG_FILE": os.devnull,
            "UV_NO_CONFIG": "1",
            self.cache_variable: str(errand.folder / "cache"),
            **trusted,
        }


RESILIENT_PIP = Installer(
    name="resilient-pip",
    title="resilient-pip",
    command=(sys.executable, "-m", "resilient_pip", "install"),
    cache_variable="PIP_CACHE_DIR",
    cert_variable="PIP_CERT",
)
PIP = Installer(
    name="pip",
    title="pip 26.3",
    command=(str(HOME / "bin" / "python"), "-m", "pip"),
    action=("install",),
    cache_variable="PIP_CACHE_DIR",
    cert_variable="PIP_CERT",
)
UV = Installer(
    name="uv",
    title="uv 0.13.9",
    command=(str(HOME / "bin" / "uv"), "pip", "install"),
    cache_variable="UV_CACHE_DIR",
    cert_variable="SSL_CERT_FILE",
)
UV_COMPILE = replace(
    UV, name="uv-compile", title=f"{UV.title} --compile-bytecode", action=("--compile-bytecode",)
)
INSTALLERS = {each.name: each for each in (RESILIENT_PIP, PIP, UV, UV_COMPILE)}


def installers(names: Sequence[str]) -> list[Installer]:
    """Look installers up by their names, and have those of others at hand.

    Raises:
        ValueError: a name is none of `INSTALLERS`.
    """
    if unknown := set(names) - INSTALLERS.keys():
        raise ValueError(f"no such tool: {', '.join(sorted(unknown))} (there are {', '.join(INSTALLERS)})")
    if set(names) != {RESILIENT_PIP.name}:
        _provide()
    return [INSTALLERS[name] for name in names]


def unconfigured(cache: Path) -> dict[str, str]:
    """Give this process's variables without any tool's configuration, but for the folder of its cache.

    pip caches what came by HTTPS or from a host that it is told to trust: here an index on loopback, by HTTP.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_CONFIGURING)}
    caches = dict.fromkeys((each.cache_variable for each in INSTALLERS.values()), str(cache))
    return {
        **kept,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_TRUSTED_HOST": "127.0.0.1",
        "UV_NO_CONFIG": "1",
        **caches,
    }


def _provide() -> None:
    """Make the environment with `PACKAGES` unless it is there."""
    # Written last: an environment that was left half made has none, and is made again.
    stamp = HOME / "packages.txt"
    wanted = "\n".join(PACKAGES)
    if not (stamp.exists() and stamp.read_text() == wanted):
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(HOME)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(HOME / "bin" / "python")]
        subprocess.run([*pip, "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
        stamp.write_text(wanted)
