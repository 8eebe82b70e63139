"""A row of the table of pip's options, and the makers of its kinds."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeAlias

Words: TypeAlias = tuple[str, ...]


class Child(enum.Enum):
    """The pips that a run starts, by what they are for."""

    PLAN = "plan"
    """`pip install --dry-run`."""
    BUILD = "build"
    """`pip wheel --no-deps`."""
    INSTALL = "install"
    """`pip install --no-index`."""
    NETWORK = "network"
    """Any of them that downloads something past the gateway (a direct URL)."""


class Fate(enum.Enum):
    """What becomes of an option."""

    PASSED = "passed"
    """Children get it, as words."""
    READ = "read"
    """This program acts on it itself."""
    IGNORED = "ignored"
    """It has no effect here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What becomes of the options that share one destination in pip's parser."""

    dest: str
    flags: tuple[str, ...]
    """The first long spelling of each of them."""
    fate: Fate
    children: frozenset[Child] = frozenset()
    spell: Callable[[Any], Words] = lambda _: ()
    """The words for a value that is not pip's default."""
    why: str = ""
    """Who acts on it, why it has no effect, or why it is refused."""
    refuses: Callable[[Any], bool] = lambda _: False
    """Whether a value that is not pip's default is a usage error."""


def switch(dest: str, *children: Child, on: str | None = None, off: str | None = None) -> Row:
    """Make the row of an option without a value, by its spellings for true and for false."""
    flags = {True: on, False: off}

    def spell(value: Any) -> Words:
        flag = flags[bool(value)]
        return (flag,) if flag else ()

    spelled = tuple(flag for flag in (on, off) if flag)
    return Row(dest=dest, flags=spelled, fate=Fate.PASSED, children=frozenset(children), spell=spell)


def value(dest: str, flag: str, *children: Child) -> Row:
    """Make the row of an option with one value."""
    return Row(
        dest=dest,
        flags=(flag,),
        fate=Fate.PASSED,
        children=frozenset(children),
        spell=lambda value: (f"{flag}={value}",),
    )


def many(
    dest: str,
    flag: str,
    *children: Child,
    refuses: Callable[[Any], bool] = lambda _: False,
    why: str = "",
) -> Row:
    """Make the row of an option that is repeatable."""
    return Row(
        dest=dest,
        flags=(flag,),
        fate=Fate.PASSED,
        children=frozenset(children),
        spell=lambda value: tuple(f"{flag}={item}" for item in value),
        refuses=refuses,
        why=why,
    )


def control(dest: str, *flags: str) -> Row:
    """Make the row of pip's FormatControl or ReleaseControl: a set of names for each flag."""

    def spell(value: Mapping[str, AbstractSet[str]]) -> Words:
        # ":all:" empties the other set, so it goes first.
        ordered = sorted(value.items(), key=lambda item: ":all:" not in item[1])
        return tuple(f"{flag}={','.join(sorted(names))}" for flag, names in ordered if names)

    children = frozenset({Child.PLAN, Child.BUILD})
    return Row(dest=dest, flags=flags, fate=Fate.PASSED, children=children, spell=spell)


def read(dest: str, *flags: str, why: str) -> Row:
    """Make the row of options that this program acts on."""
    return Row(dest=dest, flags=flags, fate=Fate.READ, why=why)


def ignored(dest: str, *flags: str, why: str) -> Row:
    """Make the row of options that have no effect here."""
    return Row(dest=dest, flags=flags, fate=Fate.IGNORED, why=why)
