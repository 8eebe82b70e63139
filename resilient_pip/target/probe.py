"""Tells about the interpreter that runs this, as one line of JSON.

Run by the target's interpreter with the environment that pip gets, so that both see the same sys.path.
Standard library only, but for `packaging`, whose folder the argument names.
"""

from __future__ import annotations

import configparser
import email
import importlib
import importlib.metadata
import json
import locale
import platform
import re
import site
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

UNNAMED_MANAGER = """\
The Python environment under {prefix} is managed externally, and may not be
manipulated by the user. Please use specific tooling from the distributor of
the Python installation to interact with this environment instead.
"""
"""What pip says where the EXTERNALLY-MANAGED file does not hold a message."""


def is_virtual() -> bool:
    """Whether this is a virtual environment (pip: running_under_virtualenv)."""
    return sys.prefix != sys.base_prefix


def includes_global_site(prefix: Path) -> bool:
    """Whether a virtual environment sees the system's packages (pip: not _no_global_under_venv)."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    found = (re.match(r"include-system-site-packages\s*=\s*(true|false)", line) for line in lines)
    return not any(match and match[1] == "false" for match in found)


def managers_message(stdlib: Path, language: str | None) -> str | None:
    """Give the message of who manages this installation of Python (PEP 668); None where pip may."""
    marker = stdlib / "EXTERNALLY-MANAGED"
    if not marker.is_file():
        return None
    parser = configparser.ConfigParser(interpolation=None)
    with suppress(OSError, UnicodeDecodeError, configparser.Error, KeyError):
        parser.read(marker, encoding="utf-8")
        section = parser["externally-managed"]
        for key in message_keys(language):
            if key in section:
                return section[key]
    return UNNAMED_MANAGER.format(prefix=sys.prefix)


def message_keys(language: str | None) -> Iterator[str]:
    """Give the keys of the message, the user's language first (PEP 668, as pip reads it)."""
    if language:
        yield f"Error-{language}"
        for separator in "-_":
            if separator in language:
                yield f"Error-{language.partition(separator)[0]}"
    yield "Error"


def installed(paths: list[str]) -> Iterator[dict[str, Any]]:
    """Give what is installed: like pip, of each name the first that is found, development links included."""
    seen: set[str] = set()
    for path in paths:
        if path.endswith(".whl"):
            continue
        for location in (path, *linked(path)):
            for found in importlib.metadata.distributions(path=[location]):
                described = describe(found)
                if described and described["project"] not in seen:
                    seen.add(described["project"])
                    yield described


def linked(path: str) -> Iterator[str]:
    """Give the folders that `setup.py develop` has linked to from here."""
    folder = Path(path)
    if not folder.is_dir():
        return
    for link in folder.glob("*.egg-link"):
        lines = (line.strip() for line in link.read_text(encoding="utf-8").splitlines())
        if target := next((line for line in lines if line), ""):
            yield str(folder / target)


def describe(found: importlib.metadata.Distribution) -> dict[str, Any] | None:
    """Describe one distribution; None where its metadata names no project or version, as pip skips it."""
    try:
        text = found.read_text("METADATA") or found.read_text("PKG-INFO") or found.read_text("") or ""
    except UnicodeDecodeError:
        return None
    headers, _, _ = text.partition("\n\n")  # what follows is the description, which takes long to parse
    metadata = email.message_from_string(headers)
    name, version = metadata["Name"], metadata["Version"]
    if not name or not version:
        return None
    requires = metadata.get_all("Requires-Dist")
    if requires is None and found.read_text("requires.txt"):
        requires = found.requires  # an egg-info of old
    return {
        "project": re.sub(r"[-_.]+", "-", name).lower(),
        "name": name,
        "version": version,
        "requires": requires or [],
        "extras": metadata.get_all("Provides-Extra") or [],
    }


def probe(packaging_folder: str) -> dict[str, Any]:
    """Collect everything that this program wants to know of its target."""
    with suppress(locale.Error):
        locale.setlocale(locale.LC_ALL, "")  # as pip does, for the language of the message
    language = locale.getlocale(locale.LC_MESSAGES)[0]
    stdlib = Path(sysconfig.get_path("stdlib"))
    present = list(installed(sys.path))
    sys.path.insert(0, packaging_folder)
    markers = importlib.import_module("packaging.markers")
    tags = importlib.import_module("packaging.tags")
    scheme = sysconfig.get_paths(sysconfig.get_preferred_scheme("prefix"))
    user_scheme = sysconfig.get_paths(sysconfig.get_preferred_scheme("user"))
    return {
        "version": platform.python_version(),
        "sees_global_site": not is_virtual() or includes_global_site(Path(sys.prefix)),
        "managers_message": None if is_virtual() else managers_message(stdlib, language),
        "markers": markers.default_environment(),
        "tags": [str(tag) for tag in tags.sys_tags()],
        "purelib": scheme["purelib"],
        "platlib": scheme["platlib"],
        "user_site": user_scheme["purelib"],
        "has_user_site": bool(site.ENABLE_USER_SITE),
        "installed": present,
    }


if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # this script's folder, which pip does not have there
    sys.stdout.write("\n" + json.dumps(probe(sys.argv[1])) + "\n")
