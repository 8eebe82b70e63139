"""Where the cache is and what lies where in it; all parts that touch its files name them by this.

files/sha256/ab/<hex>     finished files; nothing is here that was not complete and checked
names/<key>.json          what an index calls the file (`Name`), for people
partial/<key>             what came so far, key being the SHA-256 or "url-" and a digest of the URL
partial/<key>.json        whose bytes these are (`origin.Origin`)
partial/<key>.lock        held by the run that writes it
urls/<digest>.json        files whose index gives no SHA-256: what the URL served last time
answers/ab/<key>          index pages and core metadata (`answers.Answers`)
built/ab/<key>/           wheels that were built here (`build.kept`)
clients/                  caches of clients that ran behind the gateway: of pips
gateway-secret            what the addresses are made of that they met it at (`gateway.address`)
in-use                    held by every run, and alone by whoever removes finished files
tidied                    when a run last removed old partials
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from resilient_pip.cache.origin import write_record
from resilient_pip.model import ProjectName, RemoteFile, project_name
from resilient_pip.settings import Settings

SHA256 = re.compile(r"[0-9a-f]{64}")
KEY = re.compile(r"(?:url-)?[0-9a-f]{64}(?:\.[0-9a-f]{16})?")
"""Of a partial; the last part is there where another run holds the partial's own name."""
FOLDER = "resilient-pip"
"""Inside `pip cache dir`, so that the usual cache mount keeps it."""
BUILT = "built"
CLIENTS = "clients"


def cache_folder(settings: Settings, pip_cache_dir: str | None) -> Path | None:
    """Say where the cache is: where --file-cache says, else inside pip's; None: there is none."""
    if settings.file_cache:
        return Path(settings.file_cache).absolute()  # links that lie elsewhere point into it
    return Path(pip_cache_dir, FOLDER) if pip_cache_dir else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What a file in the cache is called elsewhere."""

    project: ProjectName
    filename: str


def finished_path(root: Path, sha256: str) -> Path:
    """Say where a finished file is."""
    return root / "files" / "sha256" / sha256[:2] / sha256


def answer_path(root: Path, key: str) -> Path:
    """Say where an answer is kept."""
    return root / "answers" / key[:2] / key


def name_path(root: Path, key: str) -> Path:
    """Say where the name of a file is noted, by its SHA-256 or its partial's key."""
    return root / "names" / f"{key}.json"


def note_name(root: Path, key: str, file: RemoteFile) -> None:
    """Note what a file is called; without it people see its hash, so that it fails is no error."""
    path = name_path(root, key)
    try:
        if not path.exists():
            write_record(path, asdict(Name(project=file.project, filename=file.filename)))
    except OSError:
        pass


def read_name(root: Path, key: str) -> Name | None:
    """Read the name of a file; None where none is noted, as by older releases."""
    try:
        found = json.loads(name_path(root, key).read_text(encoding="utf-8"))
        return Name(project=project_name(str(found["project"])), filename=str(found["filename"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
