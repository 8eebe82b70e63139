"""The calls of pip and of resilient-pip among a script's commands."""

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

Tool = Literal["pip", "resilient-pip"]

_PIP = re.compile(r"pip[\d.]*\Z")
PYTHON = re.compile(r"(?:python|pypy)[\d.]*\Z")
_MODULE_OPTION = re.compile(r"-[A-Za-z]*?m(\w*)\Z")
_MODULES: Mapping[str, Tool] = {"pip": "pip", "resilient_pip": "resilient-pip"}
_PYTHON_OPTIONS_WITH_VALUE = ("-X", "-W", "--check-hash-based-pycs")
_COMMANDS = frozenset({"install", "plan", "cache", "lint"})
"""Of resilient-pip."""
_FETCHING = frozenset({"install", "download", "wheel"})
_OWN_WITH_VALUE = frozenset(
    {option.flag for option in OPTIONS} | {"--plan", "--install-group", "--from-install-group"}
)
"""Options of resilient-pip that take a value, beside those of pip install."""


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
    last: int
    """Which of the command's words names the action, or where none does the program."""
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
    options, operands = _divided(texts, rest, tool)
    # The first word that is no option is the command, which resilient-pip does without.
    has_action = bool(operands) and (tool == "pip" or texts[operands[0]] in _COMMANDS)
    if tool == "pip" and not has_action:
        return None
    last = operands.pop(0) if has_action else rest - 1
    action = texts[last] if has_action else "install"
    if action == "cache" and operands:
        action = f"cache {texts[operands.pop(0)]}"
    return Call(
        command=command,
        tool=tool,
        program=texts[first],
        action=action,
        last=last,
        options=options,
        operands=tuple(command.words[place] for place in operands),
        variables=dict(_assignment(word) for word in texts[:first] if is_assignment(word)),
        wrappers=tuple(texts[:first]),
    )


def _divided(texts: Sequence[str], position: int, tool: Tool) -> tuple[tuple[CallOption, ...], list[int]]:
    """Divide the words behind the name of a tool into options and others."""
    options: list[CallOption] = []
    operands: list[int] = []
    while position < len(texts):
        if texts[position].startswith("-") and len(texts[position]) > 1:
            options += _options(texts, position, tool)
            position = options[-1].words[-1] + 1
        else:
            operands.append(position)
            position += 1
    return tuple(options), operands


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
        name, takes_value = install_options().get(f"-{letter}", (f"-{letter}", False))
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
    if tool == "resilient-pip" and spelling in _OWN_WITH_VALUE:
        return spelling, True
    names = {known[one] for one in known if one.startswith(spelling)}
    return names.pop() if len(names) == 1 else (spelling, False)
