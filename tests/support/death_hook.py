"""Runs at the start of every Python of an environment: writes down what a child changes, or kills.

Executed by a .pth file of the environment, and by `death_path/compileall.py` in compilers, which read none.
`DEATH_ORDERS` holds `deaths.Orders` as JSON. Python tells an audit hook of each change just before it is
made. pip goes through sets of paths, so the same number is nearly the same point in every run.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from typing import Any

CHANGES = frozenset({"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "socket.connect"})
WRITING = os.O_WRONLY | os.O_RDWR


def child_name(argv: list[str]) -> str | None:
    """Say which child of the tool this is; None where it is none of its pips and compilers."""
    if found := re.search(r"/(compile-\d+)/compiler\.py", " ".join(argv)):
        return found[1]
    if not any(word.endswith("__pip-runner__.py") for word in argv):
        return None
    if "--dry-run" in argv:
        return "plan"
    if "wheel" in argv:
        return "build"
    found = re.search(r"/(group-\d+)/", " ".join(argv))
    return found[1] if found else None


def described(event: str, args: tuple[Any, ...]) -> str | None:
    """Write a change as one line; None where nothing is changed."""
    if event not in CHANGES:
        return None
    if event == "open" and (isinstance(args[0], int) or not args[2] & WRITING):
        return None
    if event == "socket.connect":
        return event
    words = (os.fsdecode(word) for word in args if isinstance(word, (str, bytes, os.PathLike)))
    return " ".join((event, *words))


def kill(victims: str) -> None:
    """Kill the tool, this child, both, or both with their process groups."""
    tool = os.getppid()
    if victims == "groups":
        os.killpg(os.getpgid(tool), signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)
    if victims in {"tool", "both"}:
        os.kill(tool, signal.SIGKILL)
    if victims in {"pip", "both"}:
        os.kill(os.getpid(), signal.SIGKILL)


def obey(child: str, orders: dict[str, Any]) -> None:
    """Hook in what the orders say."""
    number = 0

    def record(event: str, args: tuple[Any, ...]) -> None:
        if line := described(event, args):
            os.write(log, f"{child} {line}\n".encode())

    def die(event: str, args: tuple[Any, ...]) -> None:
        nonlocal number
        if (line := described(event, args)) and re.match(orders["like"], line):
            number += 1
            if number == orders["number"]:
                kill(orders["victims"])

    if orders["record"]:
        log = os.open(orders["record"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        sys.addaudithook(record)
    elif child == orders["child"]:
        try:
            os.close(os.open(orders["fired"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return  # only the first child of this name
        sys.addaudithook(die)


name = child_name(sys.orig_argv)
# A virtual environment whose lib64 is a link to lib reads its .pth files twice.
if name and not hasattr(sys, "obeys_death_orders"):
    sys.obeys_death_orders = True  # type: ignore[attr-defined]  # read here only
    obey(name, json.loads(os.environ["DEATH_ORDERS"]))
