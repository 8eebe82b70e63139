"""Which client a command is, as far as its words tell. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import PurePath

_PYTHON = re.compile(r"(python|pypy)[\d.]*")
_PIP = re.compile(r"pip[\d.]*")
_PIP_TOOLS = {"compile": "pip-compile", "sync": "pip-sync"}
_COMMANDS: Mapping[str, frozenset[str]] = {
    name: frozenset(commands.split())
    for name, commands in {
        "pip": "install download uninstall freeze inspect list show check config search cache index lock "
        "wheel hash completion debug help",
        "uv": "auth run init add remove version sync lock export tree format audit tool python pip venv "
        "build publish cache self help",
        "pdm": "add build cache config export fix import info init install list lock new outdated publish "
        "py python remove run search self show sync update use venv",
        "poetry": "about add build cache check config debug env export help init install list lock new "
        "publish remove run search self show source sync update version",
        "pipenv": "",
        "pip-compile": "",
        "pip-sync": "",
    }.items()
}
"""Clients and their commands, which may stand behind options and the values of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client with what it is asked to do."""

    name: str
    """"pip", "uv"…; "" for a command that is none of those known, such as a script."""
    words: tuple[str, ...]
    """All behind its name."""

    @property
    def plain_words(self) -> tuple[str, ...]:
        """The client's command, and all behind it that is no option: commands of that, arguments, values."""
        commands = _COMMANDS.get(self.name, frozenset())
        behind = dropwhile(lambda word: word not in commands, self.words)
        return tuple(word for word in behind if not word.startswith("-"))

    def has(self, *flags: str) -> bool:
        """Whether one of these options is given, as a word of its own or with its value behind a "="."""
        return any(word.partition("=")[0] in flags for word in self.words)


def client_of(command: Sequence[str]) -> Client:
    """Tell which client a command is."""
    name, words = PurePath(command[0]).name, tuple(command[1:])
    if _PYTHON.fullmatch(name) and words[:1] == ("-m",) and len(words) > 1:
        name, words = words[1], words[2:]
        if name == "piptools" and words:
            name, words = _PIP_TOOLS.get(words[0], ""), words[1:]
    if _PIP.fullmatch(name):
        name = "pip"
    if name == "uvx":
        name, words = "uv", ("tool", "run", *words)
    return Client(name=name if name in _COMMANDS else "", words=words)
