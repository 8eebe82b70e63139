"""How several installs of one command become one, where nothing else can have been meant."""

from __future__ import annotations

from collections.abc import Iterator

from resilient_pip.lint_command.calls import Call, read_call
from resilient_pip.lint_command.findings import Edit, holds_comment
from resilient_pip.lint_command.shell import AndOr, Pipeline, Simple, all_scripts
from resilient_pip.lint_command.stages import Build, Run

_PAYLOAD = frozenset({"--requirement", "--editable"})
_ONLY_ON_THEIR_OWN = frozenset(
    {"--upgrade", "--force-reinstall", "--ignore-installed", "--no-deps", "--no-build-isolation", "--dry-run"}
)
"""Options that would mean something else beside more requirements."""


def merging_edits(run: Run, build: Build) -> Iterator[Edit]:
    """Make one call of `pip install a && pip install b`."""
    for script in all_scripts(run.script):
        for one in script.lists:
            yield from _in_list(one, build)


def _in_list(one: AndOr, build: Build) -> Iterator[Edit]:
    last: Call | None = None
    for place, pipeline in enumerate(one.pipelines):
        if "||" in one.operators[:place]:
            return
        call = _plain_call(pipeline)
        if call and last and _can_follow(last, call) and not holds_comment(_between(last, call, build)[2]):
            yield _gluing(last, call, build)
        last = call


def _plain_call(pipeline: Pipeline) -> Call | None:
    """The install that is all there is in a pipeline."""
    match pipeline:
        case Pipeline(commands=[Simple(redirections=()) as command], is_negated=False) if command.quote:
            call = read_call(command)
            return call if call and call.is_install and _payload(call) is not None else None
        case _:
            return None


def _payload(call: Call) -> int | None:
    """The word from which on there are requirements only; None where options stand between them."""
    options = {place: option.name for option in call.options for place in option.words}
    places = range(call.last + 1, len(call.command.words))
    first = next((place for place in places if options.get(place) in {None, *_PAYLOAD}), None)
    if first is None or any(options.get(place) not in {None, *_PAYLOAD} for place in places if place > first):
        return None
    return first


def _can_follow(last: Call, call: Call) -> bool:
    return (
        (last.program, last.tool, last.wrappers) == (call.program, call.tool, call.wrappers)
        and _settings(last) == _settings(call)
        and not {name for name, _ in _settings(call)} & _ONLY_ON_THEIR_OWN
    )


def _settings(call: Call) -> set[tuple[str, str | None]]:
    return {(option.name, option.value) for option in call.options if option.name not in _PAYLOAD}


def _between(last: Call, call: Call, build: Build) -> tuple[int, int, str]:
    start, end = last.command.end, call.command.words[_payload(call) or 0].start
    return start, end, build.file.text[start:end]


def _gluing(last: Call, call: Call, build: Build) -> Edit:
    start, end, written = _between(last, call, build)
    is_broken = "\n" in written and build.file.escape == "\\"
    newline = "\r\n" if "\r\n" in written else "\n"
    return Edit(start=start, end=end, text=f" \\{newline}        " if is_broken else " ")
