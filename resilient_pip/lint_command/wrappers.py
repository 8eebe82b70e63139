"""What stands before the program that really runs: assignments, env, sudo, timeout… and shells with -c."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
"""What runs a script as POSIX describes it, as far as is looked at here."""
_OPTIONS_WITH_VALUE = {
    "env": ("-u", "-C", "-S", "--unset", "--chdir"),
    "sudo": ("-u", "-g", "-h", "-p", "-C", "-T", "--user", "--group"),
    "gosu": (),
    "nice": ("-n", "--adjustment"),
    "timeout": ("-k", "-s", "--kill-after", "--signal"),
    "stdbuf": ("-i", "-o", "-e"),
    "xargs": ("-n", "-L", "-I", "-P", "-d", "-a", "-s", "-E", "--max-args", "--max-lines", "--arg-file"),
    "exec": ("-a",),
    "command": (),
    "time": (),
    "nohup": (),
    "eatmydata": (),
    "busybox": (),
}
"""Each program that runs another to those of its options that take the next word."""
_OPERANDS = {"timeout": 1, "gosu": 1}
"""How many words of their own come before the other program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellScript:
    """Which word a shell is given as its script, and what it is told beside that."""

    index: int
    options: frozenset[str]


def is_assignment(word: str) -> bool:
    """Whether a word before the program sets a variable."""
    return _ASSIGNMENT.match(word) is not None


def base_name(word: str) -> str:
    """Name a program without its folder."""
    return PurePosixPath(word).name


def unwrapped(words: Sequence[str]) -> int:
    """Count the words before the program that really runs."""
    position = 0
    while position < len(words):
        word = words[position]
        wrapper = base_name(word)
        if is_assignment(word):
            position += 1
        elif wrapper in _OPTIONS_WITH_VALUE:
            position = _after_options(words, position + 1, _OPTIONS_WITH_VALUE[wrapper])
            position += _OPERANDS.get(wrapper, 0)
        else:
            break
    return position


def _after_options(words: Sequence[str], position: int, with_value: Sequence[str]) -> int:
    while position < len(words) and words[position].startswith("-"):
        position += 2 if words[position] in with_value else 1
    return position


def shell_script(words: Sequence[str]) -> ShellScript | None:
    """Read `sh -c SCRIPT`, `bash -euo pipefail -c SCRIPT`, `bash -lc SCRIPT`; None for anything else."""
    if not words or base_name(words[0]) not in SHELLS:
        return None
    options, position, has_script = shell_options(words, frozenset())
    if not has_script or position >= len(words):
        return None
    return ShellScript(index=position, options=options)


def shell_options(words: Sequence[str], before: frozenset[str]) -> tuple[frozenset[str], int, bool]:
    """Read the options behind a shell's name, or behind `set`.

    Args:
        words: the name and what follows it.
        before: what was on until now.

    Returns:
        What is on then (errexit, pipefail and others by name); where the options end; whether -c is one.
    """
    found = set(before)
    position, has_script = 1, False
    while position < len(words) and words[position][:1] in {"-", "+"} and words[position] != "--":
        word = words[position]
        switch = found.add if word.startswith("-") else found.discard
        position += 1
        if word.startswith("--"):
            continue
        if "e" in word:
            switch("errexit")
        has_script = has_script or "c" in word
        if "o" in word and position < len(words):
            switch(words[position])
            position += 1
    return frozenset(found), position, has_script
