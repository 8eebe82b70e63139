"""The table of pip's options: complete, and what it says can be said to the pip that it is said to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pip
import pytest
from packaging.version import Version
from pip._internal.commands import create_command

from resilient_pip.pip_options import ROWS, Child, Fate, Row, refusal, words

pytestmark = pytest.mark.pips
NEWEST = Version("26.3")
COMMANDS = {Child.PLAN: "install", Child.BUILD: "wheel", Child.INSTALL: "install"}
DEFAULTS: Mapping[str, Any] = {
    "upgrade": None,
    "upgrade_strategy": "only-if-needed",
    "ignore_dependencies": False,
    "build_isolation": True,
    "use_user_site": None,
    "compile": True,
    "format_control": {"--no-binary": frozenset(), "--only-binary": frozenset()},
    "platforms": None,
    "target_dir": None,
    "trusted_hosts": [],
    "exists_action": [],
    "deprecated_features_enabled": [],
    "timeout": 15,
}


def spelled(command: str) -> set[tuple[str, str]]:
    """Destination and first long spelling of each option of a pip command."""
    options = create_command(command).parser.option_list_all
    return {(option.dest, option.get_opt_string()) for option in options}


def tabled(*children: Child) -> set[tuple[str, str]]:
    """The same of the table: all of it, or what some children get."""
    return {
        (row.dest, flag)
        for row in ROWS
        if not children or row.children.intersection(children)
        for flag in row.flags
    }


def test_every_option_of_this_pip_has_a_row() -> None:
    """An option that a new pip brings is decided on, not dropped."""
    assert spelled("install") - tabled() == set()


@pytest.mark.skipif(Version(pip.__version__) < NEWEST, reason="an older pip lacks some options")
def test_every_row_is_an_option_of_the_newest_pip() -> None:
    """A row for an option that pip gave up goes, but for --version, which pip 26.1 still has."""
    assert tabled() - spelled("install") == {("version", "--version")}


@pytest.mark.skipif(Version(pip.__version__) < NEWEST, reason="an older pip lacks some options")
@pytest.mark.parametrize("child", COMMANDS, ids=lambda child: child.value)
def test_a_child_takes_what_it_gets(child: Child) -> None:
    """`pip wheel` lacks options of `pip install`; network options go to both."""
    assert tabled(child, Child.NETWORK) - spelled(COMMANDS[child]) == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.dest)
def test_a_row_is_passed_on_or_has_a_reason(row: Row) -> None:
    """Nothing is dropped without a word."""
    assert (row.fate is Fate.PASSED) == bool(row.children)
    assert row.children or row.why


def test_a_destination_has_one_row() -> None:
    """Else an option would be said twice."""
    assert len({row.dest for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("values", "child", "expected"),
    [
        pytest.param({}, Child.PLAN, (), id="defaults"),
        pytest.param({"upgrade": True}, Child.PLAN, ("--upgrade",), id="switch"),
        pytest.param({"upgrade": True}, Child.INSTALL, (), id="not-for-this-child"),
        pytest.param(
            {"upgrade": True, "target_dir": "/t"},
            Child.INSTALL,
            ("--target=/t", "--upgrade"),
            id="target-replaces-only-with-upgrade",
        ),
        pytest.param({"build_isolation": False}, Child.BUILD, ("--no-build-isolation",), id="switched-off"),
        # PIP_NO_BUILD_ISOLATION=0: pip stores the number that it reads.
        pytest.param({"build_isolation": 0}, Child.BUILD, ("--no-build-isolation",), id="off-as-a-number"),
        pytest.param({"build_isolation": 1}, Child.BUILD, (), id="default-as-a-number"),
        pytest.param({"use_user_site": True}, Child.PLAN, ("--user",), id="user"),
        pytest.param({"use_user_site": False}, Child.PLAN, ("--no-user",), id="no-user"),
        pytest.param({"compile": False}, Child.INSTALL, ("--no-compile",), id="no-compile"),
        pytest.param(
            {"upgrade_strategy": "eager"}, Child.PLAN, ("--upgrade-strategy=eager",), id="one-value"
        ),
        pytest.param(
            {"exists_action": ["i", "w"]},
            Child.PLAN,
            ("--exists-action=i", "--exists-action=w"),
            id="several-values",
        ),
        pytest.param(
            {"format_control": {"--no-binary": {"b", "a"}, "--only-binary": {":all:"}}},
            Child.PLAN,
            ("--only-binary=:all:", "--no-binary=a,b"),
            id="all-goes-first",
        ),
        pytest.param(
            {"format_control": {"--no-binary": {"b"}, "--only-binary": set()}},
            Child.INSTALL,
            (),
            id="formats-act-in-planning",
        ),
        pytest.param(
            {"platforms": ["any"], "target_dir": "/t"},
            Child.INSTALL,
            ("--platform=any", "--target=/t", "--only-binary=:all:"),
            id="foreign-platform",
        ),
        pytest.param({"trusted_hosts": ["h"]}, Child.NETWORK, ("--trusted-host=h",), id="network"),
        pytest.param({"timeout": 60.0}, Child.NETWORK, (), id="read-here"),
    ],
)
def test_words(values: Mapping[str, Any], child: Child, expected: tuple[str, ...]) -> None:
    """What differs from pip's default is written out for the children that it concerns."""
    assert words(child, {**DEFAULTS, **values}, DEFAULTS) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, None, id="defaults"),
        pytest.param({"upgrade": True}, None, id="passed-on"),
        pytest.param({"deprecated_features_enabled": ["legacy-certs"]}, None, id="another-value"),
        pytest.param(
            {"deprecated_features_enabled": ["legacy-resolver"]},
            "--use-deprecated is not supported: the plan is made by pip's current resolver, "
            "not by legacy-resolver",
            id="refused-value",
        ),
    ],
)
def test_refusal(values: Mapping[str, Any], expected: str | None) -> None:
    """What cannot be had is refused with its reason."""
    assert refusal({**DEFAULTS, **values}, DEFAULTS) == expected
