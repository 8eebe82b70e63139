"""Scenarios and tools as a grid: colour and sign of a cell are the outcome, its number is seconds.

matplotlib comes with `pip install --group bench`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmarks.rows import Outcome, Row

PANELS = 3
"""Side by side, as one column of all scenarios would be too tall to see at once."""
LABEL, CELL, LINE = 1.75, 0.48, 0.165
"""Width of a scenario's name, width of a cell, height of a line: inches."""
TITLES, LEGEND = 1.2, 1.8
"""Room above and below the grid, in lines."""
POINTS = 6.5


@dataclass(frozen=True, slots=True)
class Look:
    """How an outcome is shown; the colours are ones that the colour-blind can tell apart (Okabe and Ito)."""

    sign: str
    fill: str
    ink: str


LOOKS = {
    Outcome.INSTALLED: Look("✓", "#009e73", "white"),
    Outcome.NAMED: Look("n", "#a6d8f0", "black"),
    Outcome.UNNAMED: Look("?", "#f0b429", "black"),
    Outcome.RUNNING: Look("∞", "#d55e00", "white"),
    Outcome.WRONG: Look("✗", "black", "white"),
}


def draw(rows: Sequence[Row], *, kind: str) -> bytes:
    """Draw all rows as an image of this kind, "svg" or "png"."""
    tools = list(dict.fromkeys(row.tool for row in rows))
    lines = _lines(rows)
    height = -(-len(lines) // PANELS)
    width = LABEL + CELL * len(tools)
    inches = (PANELS * width, (TITLES + height + LEGEND) * LINE)
    # Same rows, same bytes: names of shapes come from a fixed salt, and no date is written.
    with mpl.rc_context({"svg.hashsalt": "faults", "font.size": POINTS}):
        figure = Figure(figsize=inches)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, inches[0])
        axes.set_ylim(height + LEGEND, -TITLES)
        for number in range(PANELS):
            _panel(axes, number * width, lines[number * height : (number + 1) * height], tools)
        _legend(axes, height + LEGEND / 2)
        buffer = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=200, metadata=metadata)
    return buffer.getvalue()


def _lines(rows: Sequence[Row]) -> list[str | Mapping[str, Row]]:
    """Give each line of the grid: a heading, or what each tool made of a scenario."""
    lines: list[str | Mapping[str, Row]] = []
    for must_succeed, heading in ((True, "must succeed"), (False, "may fail")):
        own = [row for row in rows if row.must_succeed is must_succeed]
        lines += [heading] if own else []
        for scenario in dict.fromkeys(row.scenario for row in own):
            lines.append({row.tool: row for row in own if row.scenario == scenario})
    return lines


def _panel(axes: Axes, left: float, lines: Sequence[str | Mapping[str, Row]], tools: Sequence[str]) -> None:
    """Draw one column of the picture."""
    for column, tool in enumerate(tools):
        centre = left + LABEL + CELL * (column + 0.5)
        axes.text(centre, -TITLES / 2, tool, ha="center", va="center", size=POINTS - 1)
    for number, line in enumerate(lines):
        if isinstance(line, str):
            axes.text(left + 0.05, number + 0.5, line, va="center", weight="bold")
            continue
        scenario = next(iter(line.values())).scenario
        axes.text(left + LABEL - 0.06, number + 0.5, scenario, ha="right", va="center")
        for column, tool in enumerate(tools):
            if tool in line:
                _cell(axes, left + LABEL + CELL * column, number, line[tool])


def _cell(axes: Axes, left: float, top: float, row: Row) -> None:
    look = LOOKS[row.outcome]
    axes.add_patch(Rectangle((left, top), CELL, 1, facecolor=look.fill, edgecolor="white", linewidth=0.8))
    text = f"{look.sign} {row.elapsed_s:.0f}"
    axes.text(left + CELL / 2, top + 0.52, text, ha="center", va="center", color=look.ink)


def _legend(axes: Axes, middle: float) -> None:
    """Say what the signs mean."""
    left = 0.1
    for outcome, look in LOOKS.items():
        axes.add_patch(Rectangle((left, middle - 0.5), 0.2, 1, facecolor=look.fill))
        axes.text(left + 0.1, middle + 0.02, look.sign, ha="center", va="center", color=look.ink)
        axes.text(left + 0.26, middle, outcome.value, va="center")
        left += 1.25
    axes.text(left, middle, "numbers: seconds", va="center")
