"""docs/pip-options.md is what the program does, and names tests that are there."""

from __future__ import annotations

import ast

import pytest

from resilient_pip.pip_adapter import install_options
from resilient_pip.pip_options import ROWS, Row
from tools.pip_options_page import PAGE, ROOT, SHOWN_BY, with_table

DATA = {"tests/differential/test_differential.py": "tests/differential/table.py"}
"""Where the command lines of a test are, if not beside it."""


def test_the_page_is_up_to_date() -> None:
    """`python -m tools.pip_options_page` writes it anew."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page)
    assert page.count("\n| `--") >= len(ROWS)


def test_every_option_names_a_test() -> None:
    """No more and no fewer than the options."""
    assert SHOWN_BY.keys() == {row.dest for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.dest)
def test_the_test_of_an_option_is_there_and_names_it(row: Row) -> None:
    """A function of that name in that file, which writes the option in one of its spellings."""
    file, _, name = SHOWN_BY[row.dest].partition("::")
    text = (ROOT / file).read_text(encoding="utf-8")
    functions = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert name in functions
    written = (ROOT / DATA.get(file, file)).read_text(encoding="utf-8")
    spellings = [one for one, (option, _) in install_options().items() if option in row.flags]
    assert any(f"{quote}{one}" in written for one in (*spellings, *row.flags) for quote in "\"' ")
