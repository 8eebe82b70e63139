"""The calls of pip, uv and resilient-pip among a script's commands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from resilient_pip.lint_command.shell import Simple
from resilient_pip.lint_command.shell_words import Word
from resilient_pip.lint_command.wrappers import base_name, is_assignment, unwrapped
from resilient_pip.pip_adapter import install_options
from resilient_pip.settings import OPTIONS

Tool = Literal["pip", "uv", "resilient-pip"]

_PIP = re.compile(r"pip[\d.]*\Z")
PYTHON = re.compile(r"(?:python|pypy)[\d.]*\Z")
_MODULE_OPTION = re.compile(r"-[A-Za-z]*?m(\w*)\Z")
_MODULES: Mapping[str, Tool] = {"pip": "pip", "resilient_pip": "resilient-pip"}
_SHORT_MODULES = frozenset({"venv", "ensurepip", "site", "sysconfig"})
_PYTHON_OPTIONS_WITH_VALUE = ("-X", "-W", "--check-hash-based-pycs")
_FETCHING = frozenset({"install", "download", "wheel"})
_VALUED: Mapping[Tool, tuple[str, ...]] = {
    "pip": (),
    "uv": (
        *(
            "-p",
            "--index",
            "--default-index",
            "--index-strategy",
            "--link-mode",
            "--prerelease",
            "--resolution",
        ),
        *("--torch-backend", "--exclude-newer", "--override", "--allow-insecure-host", "--extra"),
    ),
    "resilient-pip": (
        *(option.flag for option in OPTIONS),
        *("--plan", "--install-group", "--from-install-group"),
    ),
}
"""Options of theirs that take a value, beside those of pip install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOption:
    """One option of a call."""

    name: str
    """The first long spelling that pip has for it, or what was written."""
    value: str | None
    words: tuple[int, ...]
    """Which of the command's words it is; two where its value stands apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`pip install …` and its like."""

    command: Simple
    tool: Tool
    program: str
    """The program as it is written: pip, /opt/app/bin/python…"""
    action: str
    """install, download, wheel, cache purge…"""
    first: int
    """The word that names the program."""
    last: int
    """The word that names the action."""
    options: tuple[CallOption, ...]
    operands: tuple[Word, ...]
    variables: Mapping[str, str]
    """Assignments before the program."""
    wrappers: tuple[str, ...]
    """The words before the program: sudo, xargs…"""

    @property
    def is_fetching(self) -> bool:
        """Whether it downloads."""
        return self.action in _FETCHING and self.value("--dry-run") is None and self.value("--help") is None

    @property
    def is_install(self) -> bool:
        """Whether it changes an environment."""
        return self.action == "install" and self.is_fetching

    def value(self, name: str) -> str | None:
        """The last value that an option is given; empty for one without, None where it does not stand."""
        values = [option.value or "" for option in self.options if option.name == name]
        return values[-1] if values else None

    def values(self, name: str) -> tuple[str, ...]:
        """All values of an option that may be repeated."""
        return tuple(option.value or "" for option in self.options if option.name == name)


def read_call(command: Simple) -> Call | None:
    """Read a command; None where it calls none of the tools."""
    texts = [word.text for word in command.words]
    first = unwrapped(texts)
    found = _tool(texts, first)
    if found is None:
        return None
    tool, rest = found
    options: list[CallOption] = []
    operands: list[int] = []
    action: int | None = None
    position = rest
    while position < len(texts):
        if texts[position].startswith("-") and len(texts[position]) > 1:
            read = _options(texts, position, tool)
            options += read
            position = read[-1].words[-1] + 1
        else:
            # The first word that is no option is the command, which resilient-pip does without.
            if action is None and (
                tool != "resilient-pip" or texts[position] in {"install", "plan", "cache", "lint"}
            ):
                action = position
            else:
                operands.append(position)
                action = rest - 1 if action is None else action
            position += 1
    last = rest - 1 if action is None else action
    name = "install" if last < rest else texts[last]
    if last < rest and tool != "resilient-pip":
        return None
    if name == "cache" and operands:
        name, operands = f"cache {texts[operands[0]]}", operands[1:]
    return Call(
        command=command,
        tool=tool,
        program=texts[first],
        action=name,
        first=first,
        last=last,
        options=tuple(options),
        operands=tuple(command.words[place] for place in operands),
        variables=dict(_assignment(word) for word in texts[:first] if is_assignment(word)),
        wrappers=tuple(texts[:first]),
    )


def runs_python_program(command: Simple) -> bool:
    """Whether a command starts Python for a file or a module that may take its time."""
    texts = [word.text for word in command.words]
    first = unwrapped(texts)
    if first >= len(texts) or not PYTHON.match(base_name(texts[first])) or read_call(command):
        return False
    words = texts[first + 1 : first + 3]
    if words[:1] == ["-m"]:
        return not set(words[1:]) & _SHORT_MODULES
    return bool(words) and not words[0].startswith("-")


def _assignment(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def _tool(texts: Sequence[str], first: int) -> tuple[Tool, int] | None:
    """Which tool the program is, and the word behind its name."""
    if first >= len(texts):
        return None
    name = base_name(texts[first])
    if _PIP.match(name):
        return "pip", first + 1
    if name in {"resilient-pip", "resilient-pip.pyz"}:
        return "resilient-pip", first + 1
    if name == "uv" and texts[first + 1 : first + 2] == ["pip"]:
        return "uv", first + 2
    if PYTHON.match(name):
        return _module(texts, first + 1)
    return None


def _module(texts: Sequence[str], position: int) -> tuple[Tool, int] | None:
    """Read `python -u -m pip` and `python resilient-pip.pyz`."""
    while position < len(texts):
        word = texts[position]
        if found := _MODULE_OPTION.match(word):
            module, behind = (found[1], 1) if found[1] else ("".join(texts[position + 1 : position + 2]), 2)
            return (_MODULES[module], position + behind) if module in _MODULES else None
        if not word.startswith("-") or word in {"-", "-c"}:
            return ("resilient-pip", position + 1) if base_name(word) == "resilient-pip.pyz" else None
        position += 2 if word in _PYTHON_OPTIONS_WITH_VALUE else 1
    return None


def _options(texts: Sequence[str], position: int, tool: Tool) -> list[CallOption]:
    """Read the options of one word (`-qU` is two), and the next word where it is the last one's value."""
    word = texts[position]
    following = texts[position + 1] if position + 1 < len(texts) else None
    if word.startswith("--"):
        spelling, equals, value = word.partition("=")
        name, takes_value = _long_option(spelling, tool)
        if equals or not takes_value or following is None:
            return [CallOption(name=name, value=value if equals else None, words=(position,))]
        return [CallOption(name=name, value=following, words=(position, position + 1))]
    found: list[CallOption] = []
    for index, letter in enumerate(word[1:], start=2):
        name, takes_value = install_options().get(f"-{letter}", (f"-{letter}", f"-{letter}" in _VALUED[tool]))
        if not takes_value:
            found.append(CallOption(name=name, value=None, words=(position,)))
        elif word[index:] or following is None:
            return [*found, CallOption(name=name, value=word[index:], words=(position,))]
        else:
            return [*found, CallOption(name=name, value=following, words=(position, position + 1))]
    return found


def _long_option(spelling: str, tool: Tool) -> tuple[str, bool]:
    """Find the option that a spelling, which may be cut short, stands for, and whether it takes a value."""
    known = install_options()
    if spelling in known:
        return known[spelling]
    if spelling in _VALUED[tool]:
        return spelling, True
    names = {known[one] for one in known if one.startswith(spelling)}
    return names.pop() if len(names) == 1 else (spelling, False)
