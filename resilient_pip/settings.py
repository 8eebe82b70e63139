"""This tool's own options: one row each, with three spellings derived from the field's name.

`stall_timeout_s` is `--stall-timeout`, RESILIENT_PIP_STALL_TIMEOUT and `stall-timeout` under
`[tool.resilient-pip]` in pyproject.toml. The command line beats the environment beats the file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from resilient_pip.errors import UsageError
from resilient_pip.units import format_bytes, format_seconds, parse_seconds, parse_size

MIB = 2**20
_NOTHING: Mapping[str, tuple[str, str]] = MappingProxyType({})


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no whole number")
    value = int(text)
    if value < 1:
        raise ValueError(f"{text!r} is less than 1")
    return value


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is not {', '.join(words[:-1])} or {words[-1]}")
        return text

    return read


def _web_url(text: str) -> str:
    try:
        is_one = text.startswith(("https://", "http://")) and urlsplit(text).port != 0
    except ValueError:  # a port or an IPv6 address that is none
        is_one = False
    if not is_one:
        raise ValueError("not an http or https URL")  # not shown: it may hold a password
    return text


def _row(
    default: Any, read: Callable[[str], Any], help_: str, *, many: bool = False, secret: bool = False
) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "help": help_, "many": many})


_WRITTEN: Mapping[Callable[[str], Any], Callable[[Any], str]] = {
    parse_seconds: format_seconds,
    parse_size: format_bytes,
}
"""What reads a value to what writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every value that a user may set; times in seconds, sizes in bytes. Reasons: docs/configuration.md."""

    heartbeat_s: float = _row(10.0, parse_seconds, "longest silence of a log")
    progress: str = _row("auto", _one_of("auto", "bars", "log"), "auto, bars (terminal) or log (lines)")
    connect_timeout_s: float = _row(10.0, parse_seconds, "for a connection to come about")
    page_timeout_s: float = _row(30.0, parse_seconds, "for the first byte of an index page or metadata")
    first_byte_timeout_s: float = _row(60.0, parse_seconds, "for the first byte of a file; doubles per try")
    first_byte_cap_s: float = _row(300.0, parse_seconds, "up to which the first-byte time-out doubles")
    stall_timeout_s: float = _row(30.0, parse_seconds, "without a byte in the middle of a transfer")
    tail_timeout_s: float = _row(
        120.0, parse_seconds, "without a byte in the last 1 MiB of a file (of a small one: its last tenth)"
    )
    page_deadline_s: float = _row(
        180.0, parse_seconds, "for a page or metadata, all tries together; at --min-speed it does not run out"
    )
    file_silence_s: float = _row(
        480.0, parse_seconds, "for a file without a single new byte, all tries together"
    )
    min_speed: int = _row(1000, parse_size, "bytes a second; below this for 30 s a transfer starts afresh")
    max_untold_size: int = _row(16 * 10**9, parse_size, "bytes of a file whose length nobody tells")
    package_timeout_s: float | None = _row(
        None, parse_seconds, "hard limit for the transfer of each package [60 s + size / 256 KiB/s, soft]"
    )
    tries: int = _row(8, _count, "tries without progress before a transfer is given up")
    backoff_base_s: float = _row(0.5, parse_seconds, "first wait between two tries (full jitter, doubling)")
    backoff_cap_s: float = _row(30.0, parse_seconds, "longest wait between two tries")
    retry_after_cap_s: float = _row(120.0, parse_seconds, "longest Retry-After of a server that is obeyed")
    parallel: int = _row(6, _count, "files downloaded at once")
    parallel_per_host: int = _row(4, _count, "files downloaded at once from one host")
    group_size: int = _row(25 * 10**6, parse_size, "bytes up to which small neighbours share a group")
    build_timeout_s: float = _row(1800.0, parse_seconds, "for building one wheel")
    hung_timeout_s: float = _row(
        300.0, parse_seconds, "without output, CPU and I/O until a child counts as hung"
    )
    deadline_s: float | None = _row(None, parse_seconds, "for the whole run")
    index_failure_skip: tuple[str, ...] = _row(
        (), str, "an index that may be skipped when it cannot be read (repeatable)", many=True
    )
    mirror: tuple[str, ...] = _row(
        (), _web_url, "another simple index for the files of --index-url (repeatable)", many=True, secret=True
    )
    file_cache: str | None = _row(None, str, "folder for downloaded files [<pip cache dir>/resilient-pip]")
    cache_mode: str = _row(
        "auto",
        _one_of("auto", "keep", "discard"),
        "keep or discard what was downloaded, or auto: keep it, but in a container on a mount only",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting with its spellings."""

    field_name: str
    flag: str
    variable: str
    key: str
    read: Callable[[str], Any]
    help: str
    many: bool
    default: Any
    short: str | None = None

    def written(self, value: Any) -> str:
        """Write a value as a person would, which `read` reads again."""
        return _WRITTEN.get(self.read, str)(value)


def _spell(entry: dataclasses.Field[Any]) -> Option:
    key = entry.name.removesuffix("_s").replace("_", "-")
    return Option(
        field_name=entry.name,
        flag=f"--{key}",
        variable="RESILIENT_PIP_" + key.upper().replace("-", "_"),
        key=key,
        read=entry.metadata["read"],
        help=entry.metadata["help"],
        many=entry.metadata["many"],
        default=entry.default,
    )


OPTIONS: tuple[Option, ...] = tuple(_spell(entry) for entry in dataclasses.fields(Settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """One setting's value and the place that it comes from."""

    option: Option
    value: Any
    place: str | None
    """ "--tries", "RESILIENT_PIP_TRIES", "pyproject.toml: [tool.resilient-pip] tries"; None: the default."""


def resolve(
    given: Mapping[str, str | list[str]],
    environ: Mapping[str, str],
    table: Mapping[str, Any],
    implied: Mapping[str, tuple[str, str]] = _NOTHING,
) -> tuple[Resolved, ...]:
    """Merge the three places a setting may stand in.

    Args:
        given: field name to what the command line says (a list where an option is repeatable).
        environ: the environment; repeatable values are split at white space.
        table: `[tool.resilient-pip]`.
        implied: what options of pip say where none of these says anything (`implied`).

    Raises:
        UsageError: a value cannot be read, or the table has an unknown key.
    """
    unknown = set(table) - {option.key for option in OPTIONS}
    if unknown:
        raise UsageError(message=f"pyproject.toml: [tool.resilient-pip] has no key {min(unknown)!r}")
    return tuple(_resolved(option, given, environ, table, implied) for option in OPTIONS)


def resolve_settings(
    given: Mapping[str, str | list[str]],
    environ: Mapping[str, str],
    table: Mapping[str, Any],
    implied: Mapping[str, tuple[str, str]] = _NOTHING,
) -> Settings:
    """Merge the three places, as `resolve` does, to the values alone.

    Raises:
        UsageError: a value cannot be read, or the table has an unknown key.
    """
    return Settings(**{one.option.field_name: one.value for one in resolve(given, environ, table, implied)})


def _resolved(
    option: Option,
    given: Mapping[str, str | list[str]],
    environ: Mapping[str, str],
    table: Mapping[str, Any],
    implied: Mapping[str, tuple[str, str]],
) -> Resolved:
    for place, value in (
        (option.flag, given.get(option.field_name)),
        (option.variable, environ.get(option.variable) or None),
        (f"pyproject.toml: [tool.resilient-pip] {option.key}", table.get(option.key)),
        implied.get(option.field_name, ("", None)),
    ):
        if value is not None:
            return Resolved(option=option, value=_read(option, place, value), place=place)
    return Resolved(option=option, value=option.default, place=None)


def _words(value: Any) -> list[Any]:
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list):
        raise ValueError(f"{value!r} is no list")  # noqa: TRY004 - a wrong value, like any other
    return words


def _read(option: Option, place: str, value: Any) -> Any:
    try:
        if option.many:
            return tuple(option.read(str(word)) for word in _words(value))
        return option.read(str(value))
    except ValueError as error:
        raise UsageError(message=f"{place}: {error}") from error
