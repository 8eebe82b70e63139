"""redirection: a version specifier without quotes, of which the shell makes a redirection."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from resilient_pip.lint_command.calls import Call
from resilient_pip.lint_command.findings import Edit, Finding
from resilient_pip.lint_command.shell import Redirection
from resilient_pip.lint_command.shell_words import Word
from resilient_pip.lint_command.stages import Build

REDIRECTION = "redirection"
_EXPANSION = re.compile(r"\$\{[^}]*\}|\$\w+")
_QUOTED = re.compile(r"[\"'\\\n]")


def find_redirections(build: Build) -> Iterator[Finding]:
    """Find `torch>=2` and `numpy <2` among the words of an install."""
    for run in build.runs:
        for call in run.calls:
            if call.is_fetching or call.action == "plan":
                yield from _of_call(call, build.file.text)


def _of_call(call: Call, text: str) -> Iterator[Finding]:
    left = [one for one in call.command.redirections if _could_be_specifier(one)]
    while left:
        first = left.pop(0)
        before = [word for word in call.operands if word.end <= first.operator.start]
        if not before:
            continue
        parts = [first]
        while left and left[0].operator.start == _end(parts[-1]):
            parts.append(left.pop(0))
        name, end = before[-1], _end(parts[-1])
        if parts[-1].target and parts[-1].target.text == "=":
            end = next((word.end for word in call.operands if word.start > end), end)
        between = text[name.end : first.operator.start]
        if between.strip(" \t"):
            continue  # something else stands between
        yield _finding(call, name, first, text[name.start : end])


def _finding(call: Call, name: Word, first: Redirection, written: str) -> Finding:
    quote = call.command.quote
    file = first.target.text if first.target else ""
    if first.operator.text == "<":
        effect = f"{call.tool} gets `{name.text}` alone, and the shell looks for a file `{file}` to read from"
    else:
        effect = f"{call.tool} gets `{name.text}` alone, and what it says goes into a file `{file}`"
    is_certain = bool(quote) and not _QUOTED.search(written) and _is_requirement(written)
    edits = (Edit(start=name.start, end=name.start + len(written), text=f"{quote}{written}{quote}"),)
    return Finding(
        rule=REDIRECTION,
        start=name.start,
        end=name.start + len(written),
        problem=f"the shell takes `{first.operator.text}` for a redirection: {effect}",
        instead=f'"{_QUOTED.sub("", written)}"',
        edits=edits if is_certain else (),
    )


def _could_be_specifier(redirection: Redirection) -> bool:
    """Whether what follows > or < is a version (nobody calls a file so) and not a file."""
    operator, target = redirection.operator, redirection.target
    if operator.text not in {"<", ">"} or operator.descriptor or target is None:
        return False
    if target.text.startswith("="):
        return True
    try:
        SpecifierSet(operator.text + _EXPANSION.sub("1", target.text))
    except InvalidSpecifier:
        return False
    return not target.text.startswith("$")


def _is_requirement(text: str) -> bool:
    try:
        Requirement(_EXPANSION.sub("1", text))
    except InvalidRequirement:
        return False
    return True


def _end(redirection: Redirection) -> int:
    return redirection.target.end if redirection.target else redirection.operator.end
