"""Points at which runs are killed: the changes that children make, each with the stage of its work."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.support.environments import Environment

HOOK = Path(__file__).with_name("death_hook.py")
_PTH = (
    f"import os; 'DEATH_ORDERS' in os.environ and exec(open({str(HOOK)!r}).read(), {{'__name__': 'hook'}})\n"
)

_STAGES = {
    "commit": r"os\.(remove|rmdir) \S*(/~|/pip-uninstall-)",
    "uninstall": r"\S+ .*(/~|/pip-uninstall-)",
    "compile": r"\S+ .*\.pyc",
    "compiled": r"open \S*/compile-\d+/result-",
    "metadata": r"\S+ .*\.dist-info/(INSTALLER|REQUESTED|RECORD\w+\.tmp)",
    "script": r"open \S*/bin/",
    "move": r"os\.rename \S*/pip-target-",
    "unpack": r"(open|os\.mkdir) \S*(/site-packages/|/pip-target-)",
}
"""What the changes of the children of a group look like; the first that fits counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change that a child makes."""

    child: str
    """ "plan", "build", "group-N" (pip) or "compile-N"."""
    number: int
    """Which of that child's changes it is, from 1 on."""
    text: str
    """What Python's audit event tells: "os.rename /from /to"."""

    @property
    def stage(self) -> str:
        """The stage of the work that it belongs to."""
        if not self.child.startswith(("group-", "compile-")):
            return self.child
        return next((stage for stage, pattern in _STAGES.items() if re.match(pattern, self.text)), "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the hook is told."""

    record: str = ""
    """The file that gets a line for each change; empty: kill."""
    child: str = ""
    number: int = 0
    """The change of that child that is not made any more."""
    like: str = ""
    """What the text of the changes that are counted begins with, as a regular expression."""
    victims: str = ""
    """ "tool", "pip", "both" or "groups"."""
    fired: str = ""
    """A file that the first such child makes: the orders are for it alone."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables that bring them to the hook."""
        return {
            "DEATH_ORDERS": json.dumps(asdict(self)),
            "PYTHONPATH": str(HOOK.with_name("death_path")),
        }


def hook_in(environment: Environment) -> None:
    """Let the environment's Pythons obey orders."""
    (environment.site_packages / "death.pth").write_text(_PTH)


def recorded(record: Path) -> list[Change]:
    """Read what a run has recorded."""
    found: list[Change] = []
    counts: Counter[str] = Counter()
    for line in record.read_text().splitlines():
        child, _, text = line.partition(" ")
        counts[child] += 1
        found.append(Change(child=child, number=counts[child], text=text))
    return found
