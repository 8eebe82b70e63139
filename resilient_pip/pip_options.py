"""The options of `pip install`, one row each: which of pip's children gets it, or why none does.

Values in, words out: `pip_adapter` reads the values, this module says what becomes of them. A row for
every option of the newest pip that is admitted; a test compares the table with pip's own parser.
"""

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


def words(child: Child, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Words:
    """Write the options that `child` gets; both mappings go from destination to plain value."""
    passed = tuple(
        word
        for row in ROWS
        if child in row.children and _is_given(row, values, defaults)
        for word in row.spell(values[row.dest])
    )
    return passed + (_install_only(values) if child is Child.INSTALL else ())


def deciding(plan_options: Words) -> Words:
    """Pick out of the words for the planning pip those that decide which files it may choose.

    Not those that look at what is installed, nor format control and --require-hashes: whether a plan obeys
    these is seen in its files.
    """
    return tuple(word for word in plan_options if word.startswith(_DECIDING))


def is_foreign(plan_options: Words) -> bool:
    """Whether files are chosen for another interpreter than the target (--platform, --python-version…)."""
    return any(word.startswith(_FOREIGN) for word in plan_options)


def refusal(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str | None:
    """Say which given option cannot be had here, and why; None where all can."""
    for row in ROWS:
        if _is_given(row, values, defaults) and row.refuses(values[row.dest]):
            return f"{row.flags[0]} is not supported: {row.why}"
    return None


def _is_given(row: Row, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    # An older pip lacks some destinations.
    return row.dest in values and bool(values[row.dest] != defaults.get(row.dest))


def _install_only(values: Mapping[str, Any]) -> Words:
    """Add what an offline install of planned wheels needs beside the options that act in planning."""
    upgrade = ("--upgrade",) if values.get("target_dir") and values.get("upgrade") else ()
    # pip admits these options only where nothing is built from source; everything is a wheel by now.
    foreign = any(values.get(dest) for dest in ("platforms", "python_version", "implementation", "abis"))
    return (*upgrade, "--only-binary=:all:") if foreign else upgrade


# --- the makers of rows -----------------------------------------------------------------------------


def _switch(dest: str, *children: Child, on: str | None = None, off: str | None = None) -> Row:
    flags = {True: on, False: off}

    def spell(value: Any) -> Words:
        flag = flags[bool(value)]
        return (flag,) if flag else ()

    spelled = tuple(flag for flag in (on, off) if flag)
    return Row(dest=dest, flags=spelled, fate=Fate.PASSED, children=frozenset(children), spell=spell)


def _value(dest: str, flag: str, *children: Child) -> Row:
    return Row(
        dest=dest,
        flags=(flag,),
        fate=Fate.PASSED,
        children=frozenset(children),
        spell=lambda value: (f"{flag}={value}",),
    )


def _many(
    dest: str,
    flag: str,
    *children: Child,
    refuses: Callable[[Any], bool] = lambda _: False,
    why: str = "",
) -> Row:
    return Row(
        dest=dest,
        flags=(flag,),
        fate=Fate.PASSED,
        children=frozenset(children),
        spell=lambda value: tuple(f"{flag}={item}" for item in value),
        refuses=refuses,
        why=why,
    )


def _control(dest: str, *flags: str) -> Row:
    """Make the row of pip's FormatControl or ReleaseControl: a set of names for each flag."""

    def spell(value: Mapping[str, AbstractSet[str]]) -> Words:
        # ":all:" empties the other set, so it goes first.
        ordered = sorted(value.items(), key=lambda item: ":all:" not in item[1])
        return tuple(f"{flag}={','.join(sorted(names))}" for flag, names in ordered if names)

    children = frozenset({Child.PLAN, Child.BUILD})
    return Row(dest=dest, flags=flags, fate=Fate.PASSED, children=children, spell=spell)


def _read(dest: str, *flags: str, why: str) -> Row:
    return Row(dest=dest, flags=flags, fate=Fate.READ, why=why)


def _ignored(dest: str, *flags: str, why: str) -> Row:
    return Row(dest=dest, flags=flags, fate=Fate.IGNORED, why=why)


_FOREIGN = ("--platform=", "--python-version=", "--implementation=", "--abi=")
_DECIDING = (
    *("--ignore-requires-python", "--no-deps", "--pre", "--all-releases=", "--only-final="),
    *("--prefer-binary", "--uploaded-prior-to=", *_FOREIGN),
)

_PLAN, _BUILD, _INSTALL, _NETWORK = Child.PLAN, Child.BUILD, Child.INSTALL, Child.NETWORK

ROWS: tuple[Row, ...] = (
    # What decides which files are chosen.
    _switch("upgrade", _PLAN, on="--upgrade"),
    _value("upgrade_strategy", "--upgrade-strategy", _PLAN),
    _switch("force_reinstall", _PLAN, _INSTALL, on="--force-reinstall"),
    _switch("ignore_installed", _PLAN, _INSTALL, on="--ignore-installed"),
    _switch("ignore_requires_python", _PLAN, _BUILD, _INSTALL, on="--ignore-requires-python"),
    _switch("ignore_dependencies", _PLAN, _INSTALL, on="--no-deps"),
    _switch("require_hashes", _PLAN, on="--require-hashes"),
    _switch("no_require_hashes", _PLAN, on="--no-require-hashes"),
    # pip 26.0 folds --pre into --all-releases, and so does `pip_adapter`.
    _switch("pre", _PLAN, _BUILD, on="--pre"),
    _control("release_control", "--all-releases", "--only-final"),
    _control("format_control", "--no-binary", "--only-binary"),
    _switch("prefer_binary", _PLAN, _BUILD, on="--prefer-binary"),
    _value("uploaded_prior_to", "--uploaded-prior-to", _PLAN, _BUILD),
    _many("platforms", "--platform", _PLAN, _INSTALL),
    _value("python_version", "--python-version", _PLAN, _INSTALL),
    _value("implementation", "--implementation", _PLAN, _INSTALL),
    _many("abis", "--abi", _PLAN, _INSTALL),
    # The planning pip runs in the target, so it can tell.
    _switch("require_venv", _PLAN, on="--require-virtualenv"),
    # How sdists, local folders and version control URLs become wheels.
    _switch("build_isolation", _PLAN, _BUILD, _INSTALL, off="--no-build-isolation"),
    _switch("check_build_deps", _PLAN, _BUILD, _INSTALL, on="--check-build-dependencies"),
    _many("build_constraints", "--build-constraint", _PLAN, _BUILD, _INSTALL),
    _many("features_enabled", "--use-feature", _PLAN, _BUILD, _INSTALL),
    _many("exists_action", "--exists-action", _PLAN, _BUILD, _INSTALL),
    _value("src_dir", "--src", _PLAN, _INSTALL),
    # Where to and how; the dry run has to look at the same installed set.
    _value("target_dir", "--target", _PLAN, _INSTALL),
    _value("prefix_path", "--prefix", _PLAN, _INSTALL),
    _value("root_path", "--root", _PLAN, _INSTALL),
    _switch("use_user_site", _PLAN, _INSTALL, on="--user", off="--no-user"),
    _switch("override_externally_managed", _INSTALL, on="--break-system-packages"),
    _switch("compile", _INSTALL, on="--compile", off="--no-compile"),
    _switch("warn_script_location", _INSTALL, off="--no-warn-script-location"),
    _switch("warn_about_conflicts", _INSTALL, off="--no-warn-conflicts"),
    _value("root_user_action", "--root-user-action", _INSTALL),
    # The network past the gateway.
    _value("cert", "--cert", _NETWORK),
    _value("client_cert", "--client-cert", _NETWORK),
    _many("trusted_hosts", "--trusted-host", _NETWORK),
    _value("keyring_provider", "--keyring-provider", _NETWORK),
    _many(
        "deprecated_features_enabled",
        "--use-deprecated",
        _NETWORK,
        refuses=lambda features: "legacy-resolver" in features,
        why="the plan is made by pip's current resolver, not by legacy-resolver",
    ),
    # Read here.
    _read(
        "requirements",
        "--requirement",
        why="files, lock files too, are read with pip's parsers and flattened",
    ),
    _read(
        "requirements_from_scripts",
        "--requirements-from-script",
        why="the script's block (PEP 723) is read with pip's parser",
    ),
    _read("constraints", "--constraint", why="files are read with pip's parser and flattened"),
    _read("editables", "--editable", why="a requirement"),
    _read("dependency_groups", "--group", why="its requirements join those of the command line"),
    _read("config_settings", "--config-settings", why="pip gives it to the command line's requirements only"),
    _read("index_url", "--index-url", why="the gateway reads the indexes"),
    _read("extra_index_urls", "--extra-index-url", why="the gateway reads the indexes"),
    _read("no_index", "--no-index", why="the gateway reads the indexes"),
    _read("find_links", "--find-links", why="the gateway reads the folders and pages"),
    # As a flag it would lead pip's requests to the gateway through the proxy, and show its password.
    _read("proxy", "--proxy", why="children get it through the environment"),
    _read("no_proxy_env", "--no-proxy-env", why="the same as an empty --proxy"),
    _read("cache_dir", "--cache-dir", "--no-cache-dir", why="files are kept in a folder inside it"),
    _read("python", "--python", why="the interpreter that the children run on"),
    _read("dry_run", "--dry-run", why="the run ends with the plan"),
    # pip's own could not be divided into groups: it does not tell what the projects left out need.
    _read("only_dependencies", "--only-deps", why="what was asked for itself is left out of the plan"),
    # Written by pip it would hold the gateway's addresses.
    _read("json_report_file", "--report", why="pip's report, with the addresses of the indexes"),
    _read("isolated_mode", "--isolated", why="children never read configuration; this program obeys it"),
    # Written by pip it would hold the gateway's addresses too.
    _read("log", "--log", why="this program writes what its children print"),
    _read("verbose", "--verbose", why="how much this program tells"),
    _read("quiet", "--quiet", why="how much this program tells"),
    _read("help", "--help", why="shows this program's options and pip's"),
    _read("no_input", "--no-input", why="keyring is not asked; no child ever waits for input anyway"),
    # For settings of this program that nobody gave (`implied`).
    _read("timeout", "--timeout", why="the longest wait for a byte, in place of the time-outs here"),
    _read("retries", "--retries", why="one less than the tries without progress"),
    _read("resume_retries", "--resume-retries", why="the same; the larger of both counts"),
    _read("progress_bar", "--progress-bar", why="off and raw: lines of a log, on a terminal too"),
    # Without effect.
    _ignored("refresh_package", "--refresh-package", why="every run asks the index whether a page is new"),
    _ignored("no_color", "--no-color", why="nothing here is coloured, and children write to a pipe"),
    _ignored("debug_mode", "--debug", why="a child's failure is told from its messages"),
    _ignored("no_clean", "--no-clean", why="build folders lie in the run's own folder and go with it"),
    _ignored("use_pep517", "--use-pep517", why="pip builds in no other way any more"),
    _ignored("disable_pip_version_check", "--disable-pip-version-check", why="children never check"),
    _ignored("no_python_version_warning", "--no-python-version-warning", why="without effect in pip too"),
    _ignored("version", "--version", why="this program has its own"),
)
