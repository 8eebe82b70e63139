"""Write the table in docs/pip-options.md out of the program's own: `python -m tools.pip_options_page`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from resilient_pip.pip_options import ROWS, Child, Fate, Row

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "pip-options.md"
_HEAD = "| option | handled | how | shown by |\n| --- | --- | --- | --- |\n"

_DIFFERENTIAL = "tests/differential/test_differential.py::test_as_pip"
_ADAPTER = "tests/unit/test_pip_adapter.py"
_HERE = "tests/e2e/test_pip_options.py"
_WORDS = f"{_ADAPTER}::test_options_become_words"
_IGNORED = f"{_ADAPTER}::test_options_without_effect"
SHOWN_BY: Mapping[str, str] = {
    "upgrade": _DIFFERENTIAL,
    "upgrade_strategy": _DIFFERENTIAL,
    "force_reinstall": _DIFFERENTIAL,
    "ignore_installed": _DIFFERENTIAL,
    "ignore_requires_python": _DIFFERENTIAL,
    "ignore_dependencies": _DIFFERENTIAL,
    "require_hashes": _DIFFERENTIAL,
    "no_require_hashes": f"{_ADAPTER}::test_hashes_cannot_be_both_required_and_not",
    "pre": _DIFFERENTIAL,
    "release_control": _WORDS,
    "format_control": _DIFFERENTIAL,
    "prefer_binary": _DIFFERENTIAL,
    "uploaded_prior_to": _DIFFERENTIAL,
    "platforms": _DIFFERENTIAL,
    "python_version": _DIFFERENTIAL,
    "implementation": _DIFFERENTIAL,
    "abis": _DIFFERENTIAL,
    "require_venv": _DIFFERENTIAL,
    "build_isolation": _DIFFERENTIAL,
    "check_build_deps": _WORDS,
    "build_constraints": _DIFFERENTIAL,
    "features_enabled": f"{_ADAPTER}::test_features_of_a_file_hold_in_every_reading",
    "exists_action": f"{_ADAPTER}::test_words_read_back_the_same",
    "src_dir": _DIFFERENTIAL,
    "target_dir": _DIFFERENTIAL,
    "prefix_path": _DIFFERENTIAL,
    "root_path": _DIFFERENTIAL,
    "use_user_site": _DIFFERENTIAL,
    "override_externally_managed": f"{_ADAPTER}::test_what_this_program_acts_on_itself",
    "compile": _DIFFERENTIAL,
    "warn_script_location": _WORDS,
    "warn_about_conflicts": _WORDS,
    "root_user_action": _WORDS,
    "cert": "tests/e2e/test_certificates.py::test_builds_and_two_indexes",
    "client_cert": "tests/e2e/test_certificates.py::test_a_certificate_that_does_not_count",
    "trusted_hosts": "tests/e2e/test_certificates.py::test_a_trusted_host_needs_no_authority",
    "keyring_provider": f"{_ADAPTER}::test_the_network",
    "deprecated_features_enabled": "tests/unit/test_pip_options.py::test_refusal",
    "requirements": "tests/unit/test_requirement_shapes.py::test_a_shape_is_read_as_by_pip",
    "requirements_from_scripts": f"{_HERE}::test_the_requirements_of_a_script",
    "constraints": "tests/unit/test_requirement_shapes.py::test_a_shape_is_read_as_by_pip",
    "editables": "tests/e2e/test_forms.py::test_a_form_of_requirement",
    "dependency_groups": _DIFFERENTIAL,
    "config_settings": _DIFFERENTIAL,
    "index_url": _DIFFERENTIAL,
    "extra_index_urls": _DIFFERENTIAL,
    "no_index": _DIFFERENTIAL,
    "find_links": _DIFFERENTIAL,
    "proxy": "tests/e2e/test_proxies.py::test_what_is_no_proxy",
    "no_proxy_env": f"{_ADAPTER}::test_no_proxy_at_all",
    "cache_dir": _DIFFERENTIAL,
    "python": "tests/e2e/test_targets.py::test_another_python",
    "dry_run": _DIFFERENTIAL,
    "only_dependencies": f"{_HERE}::test_only_dependencies",
    "json_report_file": f"{_HERE}::test_a_report_is_the_one_that_pip_writes",
    "isolated_mode": _DIFFERENTIAL,
    "log": "tests/e2e/test_security.py::test_credentials_show_nowhere",
    "verbose": f"{_ADAPTER}::test_what_this_program_acts_on_itself",
    "quiet": f"{_ADAPTER}::test_what_this_program_acts_on_itself",
    "help": f"{_ADAPTER}::test_help_shows_own_options_first",
    "timeout": f"{_HERE}::test_timeout_and_retries_are_obeyed",
    "retries": f"{_HERE}::test_timeout_and_retries_are_obeyed",
    "resume_retries": f"{_HERE}::test_timeout_and_retries_are_obeyed",
    "progress_bar": "tests/unit/test_implied.py::test_implied_settings",
    "refresh_package": _IGNORED,
    "no_input": _IGNORED,
    "no_color": _IGNORED,
    "debug_mode": _IGNORED,
    "no_clean": _IGNORED,
    "use_pep517": _IGNORED,
    "disable_pip_version_check": _IGNORED,
    "no_python_version_warning": _IGNORED,
    "version": "tests/unit/test_cli.py::test_version",
}
"""The test that shows what becomes of an option, by its destination."""


def with_table(page: str) -> str:
    """Put the table anew where the page has it: from its head to the next empty line."""
    before, head, rest = page.partition(_HEAD)
    _, _, after = rest.partition("\n\n")
    return "".join((before, head, *map(_line, ROWS), "\n", after))


def _line(row: Row) -> str:
    flags = ", ".join(f"`{flag}`" for flag in row.flags)
    cells = (flags, _HANDLED[row.fate], _how(row), _shown_by(SHOWN_BY[row.dest]))
    return f"| {' | '.join(cells)} |\n"


_HANDLED = {Fate.PASSED: "given to pip", Fate.READ: "done here", Fate.IGNORED: "no effect"}
_CHILDREN = {
    Child.PLAN: "the pip that plans",
    Child.BUILD: "those that build",
    Child.INSTALL: "those that install",
    Child.NETWORK: "those that read something past the gateway",
}


def _how(row: Row) -> str:
    whose = ", ".join(who for child, who in _CHILDREN.items() if child in row.children)
    return "; ".join(filter(None, (whose, f"refused where {row.why}" if whose and row.why else row.why)))


def _shown_by(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[{name}](../{file})"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
