"""Options of plans: which of them an installation takes, and what `resilient-pip plan` makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resilient_pip.errors import UsageError
from resilient_pip.pip_adapter import PLAN_FILES
from resilient_pip.settings import Option


def _option(name: str, flag: str, help_: str, *, many: bool = False, short: str | None = None) -> Option:
    """Make an option without a variable or a key: it says what to do, not how."""
    return Option(
        field_name=name,
        flag=flag,
        variable="",
        key="",
        read=str,
        help=help_,
        many=many,
        default=None,
        short=short,
    )


_PLAN_FILES = _option(PLAN_FILES, "--plan", "install what this plan file says (repeatable)", many=True)
_GROUPS = _option("install_groups", "--install-group", "install this group only (repeatable)", many=True)
_FROM = _option("from_install_group", "--from-install-group", "install this group and those after it only")
_OUTPUT = _option(
    "output", "--output", "save the plan as this file; with --dockerfile as files in this folder", short="-o"
)
_JSON, _DOCKERFILE = "--json", "--dockerfile"

INSTALL_OPTIONS = (_PLAN_FILES, _GROUPS, _FROM)
PLAN_OPTIONS = (*INSTALL_OPTIONS, _OUTPUT)
PLAN_FLAGS = {
    _JSON: "print the plan as JSON",
    _DOCKERFILE: "save a plan file per group and print a RUN line for each [in plan.d]",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanArguments:
    """What a command line says of plans."""

    plan_files: tuple[str, ...]
    install_groups: tuple[str, ...]
    from_install_group: str | None
    output: str | None
    """The file to save the plan as; with `dockerfile` the folder; None: none is given."""
    as_json: bool
    dockerfile: bool

    @property
    def to_save(self) -> bool:
        """Whether the plan goes into a file, and so to other machines."""
        return self.dockerfile or self.output is not None


def read_plan_arguments(given: Mapping[str, str | list[str]], *, one_call: bool) -> PlanArguments:
    """Read them out of the options of ours that were given.

    Args:
        given: these options.
        one_call: whether everything is to be installed in one call of pip.

    Raises:
        UsageError: two of them contradict each other.
    """

    def many(option: Option) -> tuple[str, ...]:
        return tuple(given.get(option.field_name, ()))

    def one(option: Option) -> str | None:
        value = given.get(option.field_name)
        return None if value is None else str(value)

    arguments = PlanArguments(
        plan_files=many(_PLAN_FILES),
        install_groups=many(_GROUPS),
        from_install_group=one(_FROM),
        output=one(_OUTPUT),
        as_json=_JSON in given,
        dockerfile=_DOCKERFILE in given,
    )
    if arguments.as_json and arguments.dockerfile:
        raise UsageError(message=f"{_JSON} and {_DOCKERFILE} are mutually exclusive")
    taken = [option.flag for option in INSTALL_OPTIONS if option.field_name in given]
    if arguments.to_save and taken:
        saving = _DOCKERFILE if arguments.dockerfile else "-o"
        raise UsageError(message=f"{saving} saves a new plan, and all of it: leave out {taken[0]}")
    if one_call and (arguments.install_groups or arguments.from_install_group is not None):
        message = f"{taken[-1]}: --target, --force-reinstall and the like make one group of everything"
        raise UsageError(message=message)
    return arguments
