"""Nothing of a third party is imported once the client is made: the environment may change under it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.faults import CutEvery
from tests.support.faultserver import FaultyIndex
from tests.unit.transfers import CONTENT, PATH

_SCRIPT = """
import sys
import anyio
from pathlib import Path
from tests.unit.transfers import Rig, remote

async def main():
    async with Rig(Path(sys.argv[1])).downloads() as downloads:
        before = set(sys.modules)
        await downloads.fetch(remote(sys.argv[2]))
        late = {name.partition(".")[0] for name in set(sys.modules) - before}
        print(sorted(late - sys.stdlib_module_names))

anyio.run(main)
"""


def test_no_late_imports(index: FaultyIndex, tmp_path: Path) -> None:
    """A whole transfer with retries runs on what the client's creation has imported."""
    url = index.put(PATH, CONTENT)
    index.script(PATH, [CutEvery(1_000_000)])
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(tmp_path), url],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
