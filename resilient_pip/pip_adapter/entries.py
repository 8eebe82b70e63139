"""What pip.conf and PIP_* say to `pip install`, one entry after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pip._internal.commands import create_command

from resilient_pip.pip_adapter.command_line import CommandLine

_ENVIRONMENT = ":env:"
_SECTIONS = ("global", "install", _ENVIRONMENT)
"""Where pip looks for options of `pip install`; the later wins, whatever file it stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One option with its value, as some place sets it."""

    section: str
    file: str
    """Its path; of variables, a name that pip gives them."""
    name: str
    """As configuration writes it: "index-url"."""
    value: str = field(repr=False)
    dest: str | None
    """The destination of the option; None: `pip install` has no such option."""

    @property
    def variable(self) -> str:
        """The variable that says the same."""
        return "PIP_" + self.name.upper().replace("-", "_")

    @property
    def place(self) -> str:
        """Where it stands, for messages: "/etc/pip.conf [global]", "PIP_INDEX_URL"."""
        return self.variable if self.section == _ENVIRONMENT else f"{self.file} [{self.section}]"


def entries(line: CommandLine) -> Iterator[Entry]:
    """Yield them in pip's order: of two that set the same, the later wins."""
    # That of the command line may lack options (`Leading`).
    parser = create_command("install", isolated=True).parser
    for section in _SECTIONS:
        for file, values in line.command.parser.config.items():
            for key, value in values.items():
                its_section, _, name = key.partition(".")
                if its_section == section and value:
                    option = parser.get_option(f"--{name}")
                    dest = option.dest if option else None
                    yield Entry(section=section, file=file, name=name, value=value, dest=dest)
