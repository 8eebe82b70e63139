"""Synthetic wheels and sdists, made in memory: always the same bytes for the same arguments."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import random
import re
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

_ZIP_TIME = (2020, 1, 1, 0, 0, 0)
_WHEEL = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

# The build backend that each synthetic sdist carries: standard library only, so that a build needs no index.
_BACKEND = """
import base64, hashlib, json, os, zipfile
{imports}
BUILT_WITH = {built_with}
METADATA = {metadata!r}
STEM = {stem!r}
SOURCE = {source!r}

def _write(path, members):
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            data = text.encode()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{{name}},sha256={{digest}},{{len(data)}}")
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data)
        record = f"{{STEM}}.dist-info/RECORD"
        archive.writestr(zipfile.ZipInfo(record), "\\n".join([*rows, f"{{record}},,", ""]))

def _wheel(folder, settings, files):
    filename = f"{{STEM}}-py3-none-any.whl"
    facts = {{"settings": settings, "built with": BUILT_WITH}}
    _write(os.path.join(folder, filename), {{
        **files,
        f"{{STEM}}.dist-info/METADATA": METADATA,
        f"{{STEM}}.dist-info/WHEEL": {wheel!r},
        f"{{STEM}}.dist-info/built.json": json.dumps(facts, sort_keys=True),
    }})
    return filename

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    folder = f"{{STEM}}.dist-info"
    os.mkdir(os.path.join(metadata_directory, folder))
    with open(os.path.join(metadata_directory, folder, "METADATA"), "w") as file:
        file.write(METADATA)
    return folder

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    {before_build}
    return _wheel(wheel_directory, config_settings, {{f"{{STEM.split('-')[0]}}/__init__.py": SOURCE}})

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    {before_build}
    return _wheel(wheel_directory, config_settings, {{f"__editable__.{{STEM}}.pth": os.getcwd()}})

prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel
"""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One file of an index, with what its simple page says of it."""

    name: str
    version: str
    filename: str
    content: bytes = field(repr=False)
    metadata: bytes | None = field(default=None, repr=False)
    """The core metadata of a wheel; None for an sdist, for which PEP 658 offers none."""
    requires_python: str | None = None
    yanked: str | None = None
    """The reason, where the file is yanked (PEP 592)."""

    @property
    def project(self) -> str:
        """The name as PEP 503 normalises it."""
        return re.sub(r"[-_.]+", "-", self.name).lower()

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the content; computed once, as a content may be a gigabyte."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the content."""
        return len(self.content)

    @property
    def path(self) -> str:
        """Where `FaultyIndex` serves it."""
        return f"/files/{self.filename}"


def make_wheel(
    name: str,
    version: str,
    requires: Sequence[str] = (),
    *,
    size: int = 0,
    files: Mapping[str, str] | None = None,
    entry_points: Mapping[str, str] | None = None,
    extras: Mapping[str, Sequence[str]] | None = None,
    requires_python: str | None = None,
    yanked: str | None = None,
) -> Distribution:
    """Make a pure wheel.

    Args:
        name: the project's name as its metadata writes it.
        version: its version.
        requires: Requires-Dist lines.
        size: bytes of incompressible padding, so that the wheel is a little larger than this.
        files: further members, path to text.
        entry_points: console scripts, name to "module:function".
        extras: extra to its Requires-Dist lines.
        requires_python: Requires-Python, in the metadata and on the page.
        yanked: the reason, for a yanked file.
    """
    module = _module(name)
    info = f"{module}-{version}.dist-info"
    metadata = _metadata(name, version, requires, extras or {}, requires_python)
    members: dict[str, bytes] = {f"{module}/__init__.py": f"__version__ = {version!r}\n".encode()}
    members |= {path: text.encode() for path, text in (files or {}).items()}
    if size:
        members[f"{module}/payload.bin"] = random.Random(f"{name} {version}").randbytes(size)  # noqa: S311 - padding
    if entry_points:
        lines = [f"{script} = {target}" for script, target in entry_points.items()]
        members[f"{info}/entry_points.txt"] = "\n".join(["[console_scripts]", *lines, ""]).encode()
    members[f"{info}/WHEEL"] = _WHEEL
    members[f"{info}/METADATA"] = metadata
    rows = [f"{path},sha256={_record_hash(data)},{len(data)}" for path, data in members.items()]
    members[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    return Distribution(
        name=name,
        version=version,
        filename=f"{module}-{version}-py3-none-any.whl",
        content=_zip(members),
        metadata=metadata,
        requires_python=requires_python,
        yanked=yanked,
    )


def make_sdist(
    name: str,
    version: str,
    requires: Sequence[str] = (),
    *,
    extras: Mapping[str, Sequence[str]] | None = None,
    build_requires: Sequence[str] = (),
    before_build: str = "",
    fails_with: str | None = None,
) -> Distribution:
    """Make an sdist that builds offline with the backend it carries, as editable too.

    What it builds tells in its built.json which settings the backend got, and what it was built with.

    Args:
        name: the project's name.
        version: its version.
        requires: Requires-Dist lines of the wheel that it builds.
        extras: extra to its Requires-Dist lines.
        build_requires: projects that an index must serve; the backend imports each of them.
        before_build: Python code that the backend runs when it is asked for the wheel.
        fails_with: the line that the backend dies with when it is asked for the wheel.
    """
    module = _module(name)
    stem = f"{module}-{version}"
    metadata = _metadata(name, version, requires, extras or {}, None)
    modules = list(map(_module, build_requires))
    backend = _BACKEND.format(
        imports="\n".join(f"import {module}" for module in modules),
        built_with="{" + ", ".join(f"{module!r}: {module}.__version__" for module in modules) + "}",
        metadata=metadata.decode(),
        stem=stem,
        wheel=_WHEEL.decode(),
        source=f"__version__ = {version!r}\n",
        before_build=f"raise SystemExit({fails_with!r})" if fails_with else f"exec({before_build!r})",
    )
    quoted = ", ".join(f'"{required}"' for required in build_requires)
    pyproject = (
        f'[build-system]\nrequires = [{quoted}]\nbuild-backend = "carried_backend"\nbackend-path = ["."]\n'
    )
    members = {
        f"{stem}/PKG-INFO": metadata,
        f"{stem}/pyproject.toml": pyproject.encode(),
        f"{stem}/carried_backend.py": backend.encode(),
    }
    return Distribution(name=name, version=version, filename=f"{stem}.tar.gz", content=_tar(members))


def _module(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _metadata(
    name: str,
    version: str,
    requires: Sequence[str],
    extras: Mapping[str, Sequence[str]],
    requires_python: str | None,
) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Summary: synthetic"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Requires-Dist: {line}" for line in requires]
    for extra, extra_lines in extras.items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {line}; extra == "{extra}"' for line in extra_lines]
    return "\n".join([*lines, ""]).encode()


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, data in members.items():
            entry = zipfile.ZipInfo(path, _ZIP_TIME)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def _tar(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)
