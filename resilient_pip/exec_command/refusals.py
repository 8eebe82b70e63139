"""Commands that cannot be led through the gateway, or would write its URLs down: why, and what else to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from resilient_pip.exec_command.clients import Client

_EXPORT = "`{0} export` its pins, then `resilient-pip -r` them"
_LOCKS = "writes the URLs of the index into its lock file, and they would be the gateway's"
_PYLOCK = re.compile(r"(.*/)?pylock(\.[^./]+)?\.toml|.*=(.*/)?pylock(\.[^./]+)?\.toml")
_INDEX_FLAGS = {
    "pip": ("--index-url", "--pypi-url", "--extra-index-url", "--find-links", "-i", "-f"),
    "pip-compile": ("--index-url", "--extra-index-url", "--find-links", "-i", "-f"),
    "pip-sync": ("--index-url", "--extra-index-url", "--find-links", "-i", "-f"),
    "uv": (
        *("--index-url", "--default-index", "--extra-index-url", "--index", "--find-links"),
        *("-i", "-f"),
    ),
}
_EMITTING = ("--emit-index-url", "--emit-find-links", "--emit-index-annotation")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    client: str
    applies: Callable[[Client], bool]
    why: str
    """Behind the client's name and its subcommand."""
    instead: str


def _is(*commands: str) -> Callable[[Client], bool]:
    """Whether the subcommand, of one word or two, is one of these."""
    wanted = {tuple(command.split()) for command in commands}
    return lambda client: not wanted.isdisjoint({client.plain_words[:1], client.plain_words[:2]})


def _runs_in_a_project(client: Client) -> bool:
    return _is("run")(client) and not client.has("--no-project")


def _writes_pylock(client: Client) -> bool:
    formats = _follows(client, "--format") == "pylock.toml"
    return _is("pip compile")(client) and (formats or any(map(_PYLOCK.fullmatch, client.words)))


def _keeps_static_urls(client: Client) -> bool:
    asked = client.has("--static-urls") or "static_urls" in client.words
    return asked or any(word.endswith("=static_urls") for word in client.words)


def _follows(client: Client, flag: str) -> str | None:
    """Give the value of an option."""
    for word, following in zip(client.words, (*client.words[1:], ""), strict=True):
        name, equals, value = word.partition("=")
        if name == flag:
            return value if equals else following
    return None


_RULES = (
    _Rule(
        client="uv",
        applies=_is("lock", "sync", "add", "remove", "tree", "export"),
        why=_LOCKS,
        instead=f"without exec: {_EXPORT.format('uv')}",
    ),
    _Rule(
        client="uv",
        applies=lambda client: _is("version")(client) and client.has("--bump"),
        why=_LOCKS,
        instead="run it without exec",
    ),
    _Rule(
        client="uv",
        applies=_runs_in_a_project,
        why=_LOCKS,
        instead="give it --no-project, or without exec: " + _EXPORT.format("uv"),
    ),
    _Rule(
        client="uv",
        applies=_is("tool install", "tool upgrade"),
        why="writes the URL of the index into the tool's receipt, and it would be the gateway's",
        instead="run it with `uv tool run`, or make an environment for it with `uv pip install`",
    ),
    _Rule(
        client="uv",
        applies=_writes_pylock,
        why="writes URLs of files into pylock.toml, and they would be the gateway's",
        instead="let it write requirements.txt",
    ),
    _Rule(
        client="pip",
        applies=_is("lock"),
        why="writes URLs of files into pylock.toml, and they would be the gateway's",
        instead="`resilient-pip plan -o FILE`",
    ),
    _Rule(
        client="pip",
        applies=lambda client: client.has("--report"),
        why="with --report would write the gateway's URLs down",
        instead="`resilient-pip install --report FILE`",
    ),
    _Rule(
        client="pdm",
        applies=_keeps_static_urls,
        why="with static_urls writes URLs of files into the lock file, and they would be the gateway's",
        instead="lock without it",
    ),
    _Rule(
        client="poetry",
        applies=_is("add", "install", "lock", "remove", "sync", "update", "self"),
        why="reads its indexes from pyproject.toml alone, so that nothing leads it to the gateway",
        instead=f"without exec: `poetry lock`, then {_EXPORT.format('poetry')}",
    ),
)


def refusal(client: Client) -> str | None:
    """Say why a command cannot be run behind the gateway, and what to do instead; None where it can."""
    for rule in _RULES:
        if rule.client == client.name and rule.applies(client):
            words = client.plain_words[: 2 if _is("tool", "pip")(client) else 1]
            command = " ".join((client.name, *words))
            return f"{command} {rule.why}; {rule.instead}"
    given = _EMITTING if client.name == "pip-compile" or _is("pip")(client) else ()
    if flag := next((flag for flag in given if client.has(flag)), None):
        return f"{flag} would write the gateway's URL down; leave it out"
    # What `uv run` and `uv tool run` start has options of its own.
    flags = () if client.name == "uv" and not _is("pip")(client) else _INDEX_FLAGS.get(client.name, ())
    if flag := next((flag for flag in flags if _is_given(flag, client)), None):
        return f"{flag} would lead {client.name} past the gateway; give it to exec, in front of the command"
    return None


def _is_given(flag: str, client: Client) -> bool:
    """Whether an option is given; the value of a short one may stand in the same word."""
    is_short = not flag.startswith("--")
    return client.has(flag) or (is_short and any(word.startswith(flag) for word in client.words))
