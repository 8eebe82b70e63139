"""resilient-pip as one of the tools that meet the scenarios."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.lab.trial import Errand, Tool
from tests.support.environments import Run


def resilient_pip(*options: str) -> Tool:
    """Make the tool, with further options (limits, say)."""

    def argv(errand: Errand) -> Sequence[str]:
        return [
            *(sys.executable, "-m", "resilient_pip", "install"),
            *("--requirement", str(errand.requirements)),
            *("--index-url", errand.index_url),
            *("--python", str(errand.python)),
            *("--file-cache", str(errand.folder / "cache"), "--cache-mode", "keep"),
            *(("--cert", str(errand.cert)) if errand.cert else ()),
            *options,
        ]

    return Tool(name="resilient-pip", argv=argv, telling=_block)


def _block(run: Run) -> str:
    return "\n".join(f"{label} {text}" for label, text in run.block.items())
