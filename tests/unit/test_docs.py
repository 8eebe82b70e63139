"""What the documentation lists is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

from resilient_pip.settings import OPTIONS

ROOT = Path(__file__).parents[2]


def test_every_setting_is_documented() -> None:
    """docs/configuration.md lists each option with its variable, in the program's order, and no other."""
    page = (ROOT / "docs" / "configuration.md").read_text()
    rows = re.findall(r"^\| `(--[a-z-]+)` \| `([A-Z_]+)` \|", page, re.MULTILINE)
    assert rows == [(option.flag, option.variable) for option in OPTIONS]


def test_links_between_pages_lead_somewhere() -> None:
    """Each relative link of README and docs names a file that is there."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    links = [
        (page.name, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert links == []


def test_the_two_commands_are_targets() -> None:
    """What the README tells a newcomer to type is what the Makefile has, and CI calls the second."""
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    commands = re.findall(r"^    (make \w+)$", readme, re.MULTILINE)
    assert commands == ["make run", "make test"]
    for command in commands:
        assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE)
    assert "make test" in (ROOT / ".ci" / "run").read_text()
