"""Wall times as bars: a panel for each cell, a bar for each tool, a line for the physical limit.

matplotlib comes with `pip install --group bench`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures import Measured, wall
from benchmarks.peers import INSTALLERS
from benchmarks.stretches import STRETCHES

COLUMNS = 2
WIDTH, HEIGHT = 5.2, 1.25
"""Of a panel, in inches."""
POINTS = 7
COLOURS = {"plan": "#0072b2", "download": "#a6d8f0", "install": "#f0b429"}
"""Ones that the colour-blind can tell apart (Okabe and Ito)."""


def draw(cells: Sequence[Measured]) -> bytes:
    """Draw all cells as SVG; the same cells give the same bytes."""
    lines = -(-len(cells) // COLUMNS)
    # Names of shapes come from a fixed salt, and no date is written.
    with mpl.rc_context({"svg.hashsalt": "speed", "font.size": POINTS}):
        figure = Figure(figsize=(COLUMNS * WIDTH, lines * HEIGHT + 0.4), layout="constrained")
        panels = figure.subplots(lines, COLUMNS, squeeze=False).flat
        for each, axes in zip(cells, panels, strict=False):
            _panel(axes, each)
        for axes in panels:  # those that are left
            axes.set_axis_off()
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _panel(axes: Axes, each: Measured) -> None:
    tools = [tool for tool in INSTALLERS if each.counting(tool)]
    places = range(len(tools))
    begins = [0.0] * len(tools)
    for name in STRETCHES:
        parts = [each.stretch(tool, name) for tool in tools]
        widths = [part.wall_s if part else 0.0 for part in parts]
        axes.barh(places, widths, left=begins, color=COLOURS[name], label=name)
        begins = [begin + width for begin, width in zip(begins, widths, strict=True)]
    for place, tool, end in zip(places, tools, begins, strict=True):
        axes.text(end, place, f" {each.median(tool, wall):.1f} s", va="center")
    if each.limit_s:
        axes.axvline(each.limit_s, color="black", linestyle=":", linewidth=1, label="physical limit")
    axes.set_yticks(places, [INSTALLERS[tool].title for tool in tools])
    axes.invert_yaxis()
    axes.set_xlim(0, max([*begins, each.limit_s]) * 1.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(each.cell.title, loc="left", fontsize=POINTS, weight="bold")
