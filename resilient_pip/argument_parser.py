"""argparse for the commands whose options are none of pip's."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from resilient_pip.errors import UsageError


class ArgumentParser(argparse.ArgumentParser):
    """One that raises what is wrong as a UsageError of one line; options are written out."""

    def __init__(self, **settings: Any) -> None:
        """As argparse's own."""
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            UsageError: always.
        """
        raise UsageError(message=f"{message} (see {self.prog} --help)")
