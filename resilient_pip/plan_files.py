"""Plan files on disk: read, written in one step, and the folder of a split kept free of older ones."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from resilient_pip.disk.storing import storing
from resilient_pip.errors import UsageError
from resilient_pip.model import Plan
from resilient_pip.plan.document import is_plan, plan_as_json
from resilient_pip.plan.reading import plan_of_json

_OF_A_SPLIT = re.compile(r"\d+-.*\.json")


def read_plan_file(path: Path) -> Plan:
    """Read a plan.

    Raises:
        UsageError: there is none, or it cannot be carried out from a file.
    """
    try:
        return plan_of_json(json.loads(path.read_bytes()), folder=str(path.parent.absolute()))
    except OSError as error:
        raise UsageError(message=f"--plan {path}: {(error.strerror or str(error)).lower()}") from error
    except json.JSONDecodeError as error:
        raise UsageError(message=f"--plan {path}: it is no JSON, or broken off: {error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(message=f"--plan {path}: {error}") from error


def is_of_a_split(path: Path) -> bool:
    """Whether a plan file has the name of one of a split."""
    return _OF_A_SPLIT.fullmatch(path.name) is not None


def write_plan_file(path: Path, plan: Plan) -> None:
    """Write a plan in one step; a file that says the same is left as it is.

    Raises:
        UsageError: there is a URL that cannot be written without its credentials.
        StorageError: it cannot be written.
    """
    data = plan_text(plan, folder=path.parent.absolute()).encode()
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_bytes() == data:
            return
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o666 & ~_umask())  # mkstemp gives it to its owner alone
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_split(folder: Path, files: Mapping[str, Plan]) -> None:
    """Write the plan files of a split, by their names, and remove those that an earlier split has left.

    Raises:
        UsageError: there is a URL that cannot be written without its credentials.
        StorageError: the folder cannot be written.
    """
    for name, plan in files.items():
        write_plan_file(folder / name, plan)
    with storing(folder):
        for path in _left_by_others(folder, files):
            path.unlink()


def plan_text(plan: Plan, *, folder: Path) -> str:
    """Write the text of a plan that lies, or is read, in `folder`."""
    document: dict[str, Any] = plan_as_json(plan, folder=str(folder))
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"


def _left_by_others(folder: Path, names: Iterable[str]) -> list[Path]:
    """List what is a plan file of a split and not among these."""
    known = set(names)
    paths = folder.iterdir() if folder.is_dir() else ()
    return [path for path in paths if path.name not in known and is_of_a_split(path) and _is_plan(path)]


def _is_plan(path: Path) -> bool:
    try:
        return is_plan(json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
