"""The rules by name (docs/lint.md has a section for each), and all that they find in a Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from resilient_pip.lint_command.dockerfile import Dockerfile
from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.rules import caching, failures, purges, redirections, separate, waiting
from resilient_pip.lint_command.stages import Build, read_build

RULES: Mapping[str, Callable[[Build], Iterator[Finding]]] = {
    redirections.REDIRECTION: redirections.find_redirections,
    failures.HIDDEN_FAILURE: failures.find_hidden_failures,
    separate.SEPARATE_INSTALLS: separate.find_separate_installs,
    caching.CACHE_MOUNT: caching.find_missing_mounts,
    caching.NO_CACHE_DIR: caching.find_disabled_caches,
    purges.CACHE_PURGE: purges.find_purges,
    waiting.READ_TIMEOUT: waiting.find_read_timeouts,
    waiting.SILENCE: waiting.find_silence,
    waiting.UNBUFFERED: waiting.find_unbuffered,
}
_COMMENT = re.compile(r"#\s*resilient-pip:\s*ignore=(\S*)")


def check(text: str, *, ignored: Collection[str] = ()) -> tuple[Finding, ...]:
    """Find every trap in a Dockerfile, in the order of its lines; a comment there may say to ignore some.

    Args:
        text: the file; any text will do.
        ignored: rules that are not asked for.
    """
    build = read_build(text)
    found = dict.fromkeys(
        finding for name, rule in RULES.items() if name not in ignored for finding in rule(build)
    )
    kept = [finding for finding in found if finding.rule not in _ignored_at(build.file, finding.start)]
    names = list(RULES)
    return tuple(sorted(kept, key=lambda one: (one.start, names.index(one.rule), one.end)))


def _ignored_at(file: Dockerfile, place: int) -> set[str]:
    """What the comments above and inside of the instruction say that this place belongs to."""
    return {
        name
        for instruction in file.instructions
        if instruction.start <= place < instruction.end
        for comment in instruction.comments
        if (match := _COMMENT.match(comment.text.strip()))
        for name in match[1].split(",")
    }
