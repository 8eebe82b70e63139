"""The only importer of pip's internals, for which pip gives no promise.

Its tests run against every pip that pyproject.toml admits: `python -m tests.pip_matrix`.
"""

from resilient_pip.pip_adapter.cache_dir import read_cache_dir
from resilient_pip.pip_adapter.client_call import ClientCall
from resilient_pip.pip_adapter.command_line import PIP_COMMANDS, Leading, leading_options
from resilient_pip.pip_adapter.configuration import Configuration, GivenOption, read_configuration
from resilient_pip.pip_adapter.option_names import install_options
from resilient_pip.pip_adapter.reading import PLAN_FILES, read_client, read_install

__all__ = [
    "PIP_COMMANDS",
    "PLAN_FILES",
    "ClientCall",
    "Configuration",
    "GivenOption",
    "Leading",
    "install_options",
    "leading_options",
    "read_cache_dir",
    "read_client",
    "read_configuration",
    "read_install",
]
