"""How a run is divided into stages, and what the later ones are held to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from resilient_pip.errors import PlanError, UsageError
from resilient_pip.model import (
    NO_DIRECTIVE,
    Directive,
    Group,
    Install,
    Plan,
    Requirement,
    SourceLine,
    Stage,
    project_name,
)
from resilient_pip.plan.stages import Asked, Pin, added, check_marks, divide, hold, naming_pins
from resilient_pip.target.environment import Installed
from tests.unit.plans import planned

NO_ISOLATION = "--no-build-isolation"


def asked(text: str, directive: Directive = NO_DIRECTIVE, *options: str) -> Requirement:
    """A requirement by name, or by a path that tells none."""
    name = None if "/" in text else project_name(text.partition("=")[0].partition(";")[0])
    return Requirement(text=text, name=name, directive=directive, options=options)


def mark(line: int, group: str | None = None) -> Directive:
    """A directive that marks."""
    return Directive(group=group, no_build_isolation=True, source=SourceLine(file="r.txt", line=line))


def install_of(*requirements: Requirement) -> Install:
    """What asks for these."""
    return Install(requirements=requirements)


def shape(stages: Sequence[Asked]) -> list[tuple[str | None, list[str]]]:
    """The stages' groups with their requirements."""
    return [(one.group, [each.text for each in one.install.requirements]) for one in stages]


def pin(text: str, group: str | None) -> Pin:
    """A pin."""
    return Pin(constraint=asked(text), group=group)


def test_without_a_mark_there_is_one_stage() -> None:
    """It is asked for all, as it stands."""
    install = install_of(asked("a"), asked("b", Directive(group="g"), "--hash=sha256:aa"))
    assert divide(install) == (Asked(install=install),)


BLOCK = mark(5)


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        pytest.param(
            [asked("flash", mark(1)), asked("torch"), asked("apex", mark(3)), asked("other")],
            [(None, ["torch", "other"]), ("flash", ["flash"]), ("apex", ["apex"])],
            id="each-its-own-after-all-others",
        ),
        pytest.param(
            [asked("torch"), asked("flash", BLOCK), asked("apex", BLOCK)],
            [(None, ["torch"]), ("flash", ["flash", "apex"])],
            id="one-block",
        ),
        pytest.param(
            [asked("flash", mark(1, "g")), asked("apex", mark(2)), asked("mamba", mark(3, "g"))],
            [("g", ["flash", "mamba"]), ("apex", ["apex"])],
            id="one-name-and-nothing-else",
        ),
        pytest.param(
            [asked("flash"), asked("torch"), asked("flash==2", mark(3))],
            [(None, ["torch"]), ("flash", ["flash", "flash==2"])],
            id="named-twice",
        ),
        pytest.param(
            [asked("torch", Directive(group="flash")), asked("flash-2"), asked("flash", mark(3))],
            [(None, ["torch", "flash-2"]), ("flash-3", ["flash"])],
            id="the-name-is-taken",
        ),
        pytest.param(
            [asked("./one"), asked("./two", mark(2)), asked("./three", mark(3))],
            [(None, ["./one"]), ("no-build-isolation", ["./two"]), ("no-build-isolation-2", ["./three"])],
            id="nameless",
        ),
    ],
)
def test_stages(requirements: list[Requirement], expected: list[tuple[str | None, list[str]]]) -> None:
    """The first holds all that is not marked; then come the marked groups in their order."""
    stages = divide(install_of(*requirements))
    assert shape(stages) == expected
    for stage in stages:
        labels = {each.directive.group for each in stage.install.requirements}
        assert stage.group is None or labels == {stage.group}


def test_only_later_stages_are_without_isolation() -> None:
    """What is for isolated builds is left out there: pip refuses both together."""
    install = replace(
        install_of(asked("torch"), asked("flash", mark(2))),
        plan_options=("--pre", "--build-constraint=c.txt", NO_ISOLATION),
        build_options=("--build-constraint=c.txt",),
        install_options=("--no-compile",),
    )
    first, later = (stage.install for stage in divide(install))
    assert first == replace(install, requirements=first.requirements)
    assert (later.plan_options, later.build_options, later.install_options) == (
        ("--pre", NO_ISOLATION),
        (NO_ISOLATION,),
        ("--no-compile", NO_ISOLATION),
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param((), ("--require-hashes",), id="one-hash"),
        pytest.param(("--require-hashes",), ("--require-hashes",), id="asked-for"),
        pytest.param(("--no-require-hashes",), ("--no-require-hashes",), id="not-wanted"),
    ],
)
def test_one_hash_counts_in_every_stage(options: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """As for pip one counts for every line, whichever that is."""
    install = install_of(asked("torch"), asked("flash", mark(2), "--hash=sha256:aa"))
    first, later = (stage.install for stage in divide(replace(install, plan_options=options)))
    assert (first.plan_options, later.plan_options) == (expected, (*expected, NO_ISOLATION))


MARKED = install_of(asked("flash", mark(2)))


@pytest.mark.parametrize(
    ("install", "in_file", "why"),
    [
        pytest.param(
            replace(MARKED, one_call=True), False, "--prefix, --root, --force-reinst", id="one-call"
        ),
        pytest.param(replace(MARKED, only_deps=True), False, "which --only-deps does not", id="only-deps"),
        pytest.param(MARKED, True, "no plan file can hold it", id="file"),
    ],
)
def test_what_cannot_be_had_with_a_mark(install: Install, in_file: bool, why: str) -> None:  # noqa: FBT001 - a case
    """One line names the directive; without a mark all can be had."""
    with pytest.raises(UsageError, match=f"^r.txt:2: no-build-isolation: .*{why}"):
        check_marks(install, in_file=in_file)
    check_marks(replace(install, requirements=(asked("flash"),)), in_file=in_file)
    check_marks(MARKED, in_file=False)


TORCH = Group(name="ml", files=(planned("torch"), planned("sympy")))
FLASH = Group(name="flash", files=(planned("flash"),))
ASKED_FLASH = Asked(install=MARKED, group="flash")


def test_plans_add_up() -> None:
    """One stage each, though nothing is left to do in it; the name of a later group is known anyway."""
    nothing = Plan(stages=(), later=("flash", "apex"))
    first = Plan(stages=(Stage(groups=(TORCH,)),), order=("ml", "np"), satisfied=("np 1",), made_for="x")
    plan = added(nothing, first, Asked(install=install_of()))
    assert plan == replace(first, later=("flash", "apex"))
    plan = added(plan, Plan(stages=(), satisfied=("np 1", "flash 1"), made_for="x"), ASKED_FLASH)
    assert plan == replace(
        first,
        stages=(Stage(groups=(TORCH,)), Stage(groups=())),
        satisfied=("np 1", "flash 1"),
        order=("ml", "np", "flash"),
        later=("apex",),
    )
    assert plan.latest.groups == ()


INSTALLED = {
    project_name(one.name): one
    for one in (
        Installed(name="Torch", version="1.0+cpu", requires=("sympy", "jit; extra == 'fast'")),
        Installed(name="sympy", version="2"),
        Installed(name="jit", version="3"),
        Installed(name="np", version="4", requires=("blas",)),
        Installed(name="blas", version="5"),
        Installed(name="stranger", version="6"),
        Installed(name="old", version="not-a-version"),
    )
}


def test_a_later_stage_is_held_to_what_is_before_it() -> None:
    """All that earlier stages asked for, with what it needs, as it is installed now, and nothing else."""
    fast = replace(asked("torch"), text="torch[fast]", extras=frozenset({"fast"}))
    first = Asked(
        install=install_of(fast, asked("np"), asked("old"), asked("stranger; python_version < '3'"))
    )
    constraints = (asked("torch==1"), asked("blas"), asked("flash<3"))
    flash = replace(ASKED_FLASH, install=replace(MARKED, constraints=constraints))
    plan = Plan(stages=(Stage(groups=(TORCH,)),))
    held = hold(flash, plan, [first], INSTALLED, {"python_version": "3.11"}, cwd="/")
    assert held.pins == (
        pin("blas==5", None),
        pin("jit==3", None),
        pin("np==4", None),
        pin("sympy==2", "ml"),
        Pin(constraint=Requirement(text="Torch==1.0+cpu", name=project_name("torch")), group="ml"),
    )
    assert held.install == replace(
        flash.install, constraints=(asked("flash<3"), *(each.constraint for each in held.pins))
    )


def test_the_first_stage_is_held_to_nothing() -> None:
    """Its constraints are the user's."""
    first = Asked(install=replace(install_of(asked("torch")), constraints=(asked("np<2"),)))
    assert hold(first, Plan(stages=()), [], INSTALLED, {}, cwd="/") == first


def test_pins_are_told_from_constraints_of_the_user() -> None:
    """Pip knows constraints only; who has brought what they hold is said in its place."""
    message = (
        "Cannot install -r r.txt (line 2) because these package versions have conflicting dependencies.\n"
        "\n"
        "The conflict is caused by:\n"
        "    flash 3.0 depends on torch>=2\n"
        "    The user requested (constraint) torch==1\n"
        "    The user requested (constraint) torch==1.5\n"
        "    The user requested (constraint) np==4"
    )
    error = PlanError(message=message, lines=("torch==1", "np==4", "r.txt:2: flash>=3"))
    told = naming_pins(error, [pin("torch==1", "ml"), pin("np==4", None)])
    assert told.message.splitlines()[3:] == [
        "    flash 3.0 depends on torch>=2",
        '    torch==1 is pinned: group "ml" has installed it',
        "    The user requested (constraint) torch==1.5",
        "    np==4 is pinned: it is installed, and needed before",
    ]
    assert told.lines == ("r.txt:2: flash>=3",)
