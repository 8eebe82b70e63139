"""The only importer of pip's internals, for which pip gives no promise.

Its tests run against every pip that pyproject.toml admits: `python -m tests.pip_matrix`.
"""

from resilient_pip.pip_adapter.command_line import PIP_COMMANDS
from resilient_pip.pip_adapter.reading import read_install

__all__ = ["PIP_COMMANDS", "read_install"]
