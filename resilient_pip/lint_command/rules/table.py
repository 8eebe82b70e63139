"""All rules by name; docs/lint.md has a section for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from resilient_pip.lint_command.findings import Finding
from resilient_pip.lint_command.rules import (
    caching,
    failures,
    indexes,
    loops,
    piped,
    purges,
    redirections,
    separate,
    waiting,
)
from resilient_pip.lint_command.stages import Build

Rule = Callable[[Build], Iterator[Finding]]

UNKNOWN_RULE = "unknown-rule"
"""That of a comment which names none of these."""

RULES: Mapping[str, Rule] = {
    redirections.REDIRECTION: redirections.find_redirections,
    failures.HIDDEN_FAILURE: failures.find_hidden_failures,
    loops.ENDLESS_RETRY: loops.find_endless_retries,
    piped.PIPED_SCRIPT: piped.find_piped_scripts,
    separate.SEPARATE_INSTALLS: separate.find_separate_installs,
    separate.SELF_UPGRADE: separate.find_self_upgrades,
    caching.CACHE_MOUNT: caching.find_missing_mounts,
    caching.NO_CACHE_DIR: caching.find_disabled_caches,
    purges.CACHE_PURGE: purges.find_purges,
    caching.LOCKED_CACHE: caching.find_locked_caches,
    waiting.READ_TIMEOUT: waiting.find_read_timeouts,
    waiting.SILENCE: waiting.find_silence,
    waiting.UNBUFFERED: waiting.find_unbuffered,
    indexes.EXTRA_INDEX: indexes.find_extra_indexes,
    indexes.TRUSTED_HOST: indexes.find_trusted_hosts,
}
