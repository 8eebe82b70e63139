"""Closures over Requires-Dist."""

from __future__ import annotations

import pytest

from resilient_pip.model import ProjectName, project_name
from resilient_pip.plan.graph import Dependencies

ENVIRONMENT = {"python_version": "3.11", "sys_platform": "linux"}


def closure(
    requires: dict[str, list[str]], root: str, extras: dict[str, set[str]] | None = None
) -> set[ProjectName]:
    """The closure of one project."""
    dependencies = Dependencies(
        requires={project_name(name): lines for name, lines in requires.items()},
        environment=ENVIRONMENT,
        extras={project_name(name): frozenset(asked) for name, asked in (extras or {}).items()},
    )
    return set(dependencies.closure([project_name(root)]))


@pytest.mark.parametrize(
    ("requires", "extras", "expected"),
    [
        pytest.param({"a": ["B_x>=1"], "b-x": ["c"]}, {}, {"a", "b-x", "c"}, id="chain, normalised"),
        pytest.param({"a": ["b"], "b": ["a"]}, {}, {"a", "b"}, id="cycle"),
        pytest.param(
            {"a": ["b; python_version < '3'", "c; sys_platform == 'linux'"]}, {}, {"a", "c"}, id="markers"
        ),
        pytest.param({"a": ["b; extra == 'fast'"]}, {}, {"a"}, id="extra not asked for"),
        pytest.param({"a": ["b; extra == 'Fast_IO'"]}, {"a": {"fast-io"}}, {"a", "b"}, id="the user's extra"),
        pytest.param(
            {"a": ["b[fast]"], "b": ["c; extra == 'fast'", "d; extra == 'slow'"]},
            {},
            {"a", "b", "c"},
            id="a dependency's extra",
        ),
        pytest.param(
            {"a": ["a[x,y]; extra == 'all'", "b; extra == 'x'", "c; extra == 'y'"]},
            {"a": {"all"}},
            {"a", "b", "c"},
            id="an extra of extras",
        ),
        pytest.param(
            {"a": ["b"], "b": ["c; extra == 'e'"]},
            {"b": {"e"}},
            {"a", "b", "c"},
            id="the user's extra of a dependency",
        ),
        pytest.param({"a": ["b >>> nonsense", "c"]}, {}, {"a", "c"}, id="unreadable line"),
        pytest.param({}, {}, {"a"}, id="unknown project"),
    ],
)
def test_closure(requires: dict[str, list[str]], extras: dict[str, set[str]], expected: set[str]) -> None:
    """The closure of "a" has what pip would install with it."""
    assert closure(requires, "a", extras) == expected


def test_a_marker_sees_the_target_and_not_this_interpreter() -> None:
    """The report's environment decides."""
    dependencies = Dependencies(
        requires={project_name("a"): ["b; implementation_name == 'pypy'"]},
        environment={"implementation_name": "pypy"},
        extras={},
    )
    assert dependencies.closure([project_name("a")]) == {"a", "b"}
