"""Tests of `resilient_pip.child.diagnose`, on logs that pip 26.3 wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from resilient_pip.child.diagnose import Diagnosis, diagnose
from resilient_pip.child.excerpts import BUILD_LINES
from resilient_pip.child.hints import hint_for

LOGS = Path(__file__).parents[1] / "data" / "pip" / "26.3"

NO_MATCH = """\
Could not find a version that satisfies the requirement {0} (from versions: {1})
No matching distribution found for {0}"""
CONFLICT = """\
Cannot install {0} because these package versions have conflicting dependencies.

The conflict is caused by:
    {1}
    {2}

Additionally, some packages in these conflicts have no matching distributions available for your environment:
    ccc"""
OS_ERROR = "Could not install packages due to an OSError: [Errno {}] {}"
HASH_HINT = "one --hash makes pip ask for the hash and exact version of every package, dependencies included"
KILLED = "Building wheel for killed (pyproject.toml) did not run successfully."
ACTUAL = "077e01a17bcc640210939d98220c6b72dd891b2a91de45c9b68e2701a2377080"


def read(name: str) -> list[str]:
    """Read the lines of a captured log."""
    return (LOGS / f"{name}.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(
            "conflict",
            Diagnosis(
                code="no-solution",
                message=CONFLICT.format(
                    "aaa==1.0 and bbb==1.0", "aaa 1.0 depends on ccc<2", "bbb 1.0 depends on ccc>=2"
                ),
            ),
            id="conflict",
        ),
        pytest.param(
            "conflict-constraint",
            Diagnosis(
                code="no-solution",
                message=CONFLICT.format(
                    "-r r.txt (line 1)", "aaa 1.0 depends on ccc<2", "The user requested (constraint) ccc>=2"
                ),
            ),
            id="conflict-with-a-constraint",
        ),
        pytest.param(
            "no-project",
            Diagnosis(
                code="no-solution", message=NO_MATCH.format("nosuch", "none"), facts={"package": "nosuch"}
            ),
            id="no-such-project",
        ),
        pytest.param(
            "no-version",
            Diagnosis(
                code="no-solution", message=NO_MATCH.format("ccc==9", "1.0, 2.0"), facts={"package": "ccc==9"}
            ),
            id="no-such-version",
        ),
        pytest.param(
            "other-python-index",
            Diagnosis(
                code="no-solution",
                message=(
                    "Ignored the following versions that require a different python version: "
                    "1.0 Requires-Python >=3.99\n" + NO_MATCH.format("old", "none")
                ),
                facts={"package": "old"},
            ),
            id="other-python-by-the-index",
        ),
        pytest.param(
            "other-python",
            Diagnosis(
                code="no-solution",
                message="Package 'old' requires a different Python: 3.11.7 not in '>=3.99'",
            ),
            id="other-python-by-the-wheel",
        ),
        pytest.param(
            "bnd-python",
            Diagnosis(
                code="no-solution",
                message="""\
Packages require a different Python. 3.11.7 not in:
'<3.9' (required by bnd 1.0 (from /srv/links/bnd-1.0-py3-none-any.whl))
'<3.8' (required by bnd 0.9 (from /srv/links/bnd-0.9-py3-none-any.whl))""",
            ),
            id="other-python-by-several-wheels",
        ),
        pytest.param(
            "invalid-requirement-file",
            Diagnosis(
                code="usage",
                message="""\
Invalid requirement: 'foo =>= 1': Expected semicolon (after name with no version specifier) or end
    foo =>= 1
        ^ (from line 2 of bad.txt)""",
            ),
            id="invalid-requirement-in-a-file",
        ),
        pytest.param(
            "invalid-requirement",
            Diagnosis(
                code="usage",
                message="""\
Invalid requirement: 'foo =>= 1': Expected semicolon (after name with no version specifier) or end
    foo =>= 1
        ^""",
            ),
            id="invalid-requirement",
        ),
        pytest.param(
            "bad-option-file",
            Diagnosis(code="usage", message="Invalid requirement: aaa --hsh=1"),
            id="unknown-option-of-a-requirement",
        ),
        pytest.param(
            "no-file",
            Diagnosis(
                code="usage",
                message="Could not open requirements file: "
                "[Errno 2] No such file or directory: 'nosuchfile.txt'",
            ),
            id="no-such-requirements-file",
        ),
        pytest.param(
            "no-local-file",
            Diagnosis(code="usage", message="Invalid wheel filename (wrong number of parts): 'nosuch'"),
            id="no-such-wheel",
        ),
        pytest.param(
            "no-local-dir",
            Diagnosis(
                code="usage",
                message="Directory './links' is not installable. "
                "Neither 'setup.py' nor 'pyproject.toml' found.",
            ),
            id="folder-that-is-no-project",
        ),
        pytest.param(
            "hash-mismatch",
            Diagnosis(
                code="hash-mismatch",
                message=f"""\
    ccc==1.0 from file:///srv/links/ccc-1.0-py3-none-any.whl (from -r h.txt (line 1)):
        Expected sha256 {1:064d}
             Got        {ACTUAL}""",
                facts={
                    "requirement": "ccc==1.0",
                    "url": "file:///srv/links/ccc-1.0-py3-none-any.whl",
                    "algorithm": "sha256",
                    "expected": f"{1:064d}",
                    "actual": ACTUAL,
                },
            ),
            id="wrong-hash",
        ),
        pytest.param(
            "hash-unpinned",
            Diagnosis(
                code="pip-failed",
                message="""\
In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:
    ccc>1.0 from file:///srv/links/ccc-2.0-py3-none-any.whl (from -r h3.txt (line 1))""",
                hint=HASH_HINT,
            ),
            id="hashes-without-a-pin",
        ),
        pytest.param(
            "no-space",
            Diagnosis(
                code="cannot-write",
                message=OS_ERROR.format(28, "No space left on device"),
                facts={"reason": "No space left on device"},
            ),
            id="disk-full",
        ),
        pytest.param(
            "permission",
            Diagnosis(
                code="cannot-write",
                message=OS_ERROR.format(13, "Permission denied: '/venv/lib/python3.11/site-packages/ccc.py'"),
                facts={
                    "reason": "Permission denied",
                    "path": "/venv/lib/python3.11/site-packages/ccc.py",
                },
            ),
            id="not-ours",
        ),
        pytest.param(
            "read-only",
            Diagnosis(
                code="cannot-write",
                message=OS_ERROR.format(
                    30, "Read-only file system: '/venv/lib/python3.11/site-packages/ccc.py'"
                ),
                facts={
                    "reason": "Read-only file system",
                    "path": "/venv/lib/python3.11/site-packages/ccc.py",
                },
            ),
            id="read-only",
        ),
        pytest.param(
            "url",
            Diagnosis(
                code="unreachable",
                message="Failed to connect to 127.0.0.1 while fetching https://127.0.0.1:9/x-1.0-py3-none-any.whl\n"
                "[Errno 111] Connection refused",
                facts={"url": "https://127.0.0.1:9/x-1.0-py3-none-any.whl"},
            ),
            id="direct-url-unreachable",
        ),
        pytest.param(
            "vcs",
            Diagnosis(
                code="unreachable",
                message="unable to access 'https://127.0.0.1:9/x.git/': "
                "Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server",
                facts={"url": "https://127.0.0.1:9/x.git/"},
            ),
            id="git-unreachable",
        ),
        pytest.param(
            "bad-wheel",
            Diagnosis(
                code="pip-failed",
                message="Wheel 'ddd' located at /tmp/pip-unpack-t9gvqkp4/ddd-1.0-py3-none-any.whl "
                "is invalid.",
            ),
            id="anything-else-that-pip-calls-an-error",
        ),
        pytest.param(
            "build-requires",
            Diagnosis(
                code="pip-failed",
                message="""\
installing build dependencies for needs did not run successfully.
exit code: 1
  ERROR: Could not find a version that satisfies the requirement nosuchbackend>=3 (from versions: none)
  ERROR: No matching distribution found for nosuchbackend>=3""",
                facts={"package": "needs"},
            ),
            id="build-requirement-missing",
        ),
    ],
)
def test_pips_explanation_is_found(log: str, expected: Diagnosis) -> None:
    """The diagnosis has pip's own lines, the class of error and what the text names, and nothing else."""
    assert diagnose(read(log)) == expected


@pytest.mark.parametrize(
    ("log", "package", "backend", "module", "hint"),
    [
        pytest.param(
            "backend-imports",
            "flash-attn",
            "carried_backend",
            "torch",
            "its build needs torch and does not declare it: require torch too, and write "
            "'# resilient-pip: no-build-isolation' behind the line that asks for what is built",
            id="undeclared-requirement",
        ),
        pytest.param(
            "backend-missing",
            "file:///srv/links/native-1.tar.gz",
            "setuptools.build_meta",
            "setuptools",
            "what is built without isolation uses what is installed: require setuptools too",
            id="backend",
        ),
    ],
)
def test_what_a_build_without_isolation_lacks(
    log: str, package: str, backend: str, module: str, hint: str
) -> None:
    """The module is named though pip says in the end only that there is no metadata."""
    assert diagnose(read(log)) == Diagnosis(
        code="pip-failed",
        message=f"Cannot import build backend {backend!r}.\nModuleNotFoundError: No module named {module!r}",
        hint=hint,
        facts={"package": package},
    )


@pytest.mark.parametrize("module", ["distutils", "imp", "pkg_resources", "_ctypes"])
def test_what_no_requirement_brings_is_not_advised(module: str) -> None:
    """Modules that left Python or setuptools, and those that a broken Python lacks."""
    assert hint_for(f"ModuleNotFoundError: No module named {module!r}") == ""


def test_missing_hashes_come_with_the_lines_to_add() -> None:
    """What pip proposes to add stays in the message."""
    found = diagnose(read("hash-missing"))

    assert found is not None
    assert (found.code, found.hint) == ("pip-failed", HASH_HINT)
    assert found.message.splitlines()[1:] == [f"    ccc==1.0 --hash=sha256:{ACTUAL}"]


def test_an_externally_managed_environment_keeps_its_managers_words() -> None:
    """The message of PEP 668 is whole, without the frame that pip draws around it."""
    found = diagnose(read("externally-managed"))

    assert found is not None
    assert (found.code, found.facts) == ("target-refused", {})
    lines = found.message.splitlines()
    assert lines[:2] == [
        "This environment is externally managed",
        "To install Python packages system-wide, try apt install",
    ]
    assert lines[-1] == "See /usr/share/doc/python3.11/README.venv for more information."


@pytest.mark.parametrize(
    ("log", "package", "head", "last", "hint"),
    [
        pytest.param(
            "build-wheel",
            "wheelfail",
            "Building wheel for wheelfail (pyproject.toml) did not run successfully.",
            "error: command 'gcc' failed with exit code 1",
            "",
            id="compiler",
        ),
        pytest.param(
            "build-setup",
            "broken",
            "Preparing metadata (pyproject.toml) did not run successfully.",
            "RuntimeError: CUDA_HOME is not set",
            "the build needs the CUDA toolkit (nvcc), and CUDA_HOME set to where it is",
            id="setup.py",
        ),
        pytest.param(
            "build-metadata",
            "metafail",
            "Preparing metadata (pyproject.toml) did not run successfully.",
            "ModuleNotFoundError: No module named 'torch'",
            "its build needs torch and does not declare it: require torch too, and write "
            "'# resilient-pip: no-build-isolation' behind the line that asks for what is built",
            id="undeclared-requirement",
        ),
        pytest.param(
            "build-verbose",
            "wheelfail",
            "Building wheel for wheelfail (pyproject.toml) did not run successfully.",
            "fast.c:1:10: fatal error: Python.h: No such file or directory",
            "the headers of Python are missing (Debian: apt-get install python3-dev)",
            id="compiler-with-verbose",
        ),
    ],
)
def test_a_failed_build_shows_its_last_words(log: str, package: str, head: str, last: str, hint: str) -> None:
    """What failed, its exit code and the end of the output; the package and a known remedy are named."""
    found = diagnose(read(log))

    assert found is not None
    lines = found.message.splitlines()
    assert (found.code, found.facts, found.hint) == ("pip-failed", {"package": package}, hint)
    assert (lines[0], lines[1], lines[-1].strip()) == (head, "exit code: 1", last)
    assert 3 <= len(lines) <= 2 + BUILD_LINES


def test_a_build_that_printed_too_much_is_still_explained() -> None:
    """The head of the quoted output may be lost; its end is enough."""
    found = diagnose(read("build-wheel")[-12:])

    assert found is not None
    assert found.message.splitlines()[-1] == "  error: command 'gcc' failed with exit code 1"
    assert found.facts == {"package": "wheelfail"}


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(read("build-killed"), id="shown"),
        pytest.param(
            [
                f"  \N{MULTIPLICATION SIGN} {KILLED}",
                "  │ exit code: -9",
                "  ╰─> [1 lines of output]",
                "      compiling",
                "      [end of output]",
                "  ERROR: Failed building wheel for killed",
            ],
            id="quoted",
        ),
    ],
)
def test_a_build_that_was_killed_is_told_from_one_that_failed(lines: list[str]) -> None:
    """The signal that ended what pip had started is named, and the end of its output."""
    assert diagnose(lines) == Diagnosis(
        code="child-killed",
        message=f"{KILLED}\nexit code: -9\n  compiling",
        facts={"signal": "9", "package": "killed"},
    )


def test_a_failure_of_the_gateway_is_left_as_pip_tells_it() -> None:
    """The sentence of pip about status 424 comes through; the gateway knows better what it means."""
    found = diagnose(read("failed-file"))

    assert found is not None
    assert found.code == "pip-failed"
    assert found.message.startswith("Could not install requirement bbb from http://127.0.0.1:8765/f/bbb-1.0")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param(["Collecting torch", "Killed"], None, id="no-error"),
        pytest.param(
            ["ERROR: Exception:", "Traceback (most recent call last):", "  File x", "KeyError: 'a'", ""],
            Diagnosis(code="pip-failed", message="KeyError: 'a'"),
            id="pip-itself-broke",
        ),
        pytest.param(
            ["no such option: --nosuch"],
            Diagnosis(code="usage", message="no such option: --nosuch"),
            id="unknown-option",
        ),
        pytest.param(
            [
                "error: resolution-too-deep",
                "",
                "× Dependency resolution exceeded maximum depth",  # noqa: RUF001 - pip's own sign
                "╰─> Pip cannot resolve the current dependencies.",
                "",
                "hint: Try adding lower bounds.",
            ],
            Diagnosis(
                code="no-solution",
                message="Dependency resolution exceeded maximum depth\n"
                "Pip cannot resolve the current dependencies.",
            ),
            id="too-deep",
        ),
        pytest.param(
            ["  fatal: Remote branch nosuch not found in upstream origin"],
            Diagnosis(code="pip-failed", message="Remote branch nosuch not found in upstream origin"),
            id="git-refuses",
        ),
        pytest.param(
            [
                "WARNING: cache entry ignored: [Errno 30] Read-only file system: '/cache'",
                "ERROR: No matching distribution found for x",
            ],
            Diagnosis(
                code="no-solution", message="No matching distribution found for x", facts={"package": "x"}
            ),
            id="a-warning-is-no-cause",
        ),
        pytest.param(
            [
                "  × Building wheel for x (pyproject.toml) did not run successfully.",  # noqa: RUF001 - the same
                "  │ exit code: 1",
                "  ╰─> [2 lines of output]",
                "      fatal error: error writing to /tmp/x.s: No space left on device",
                "      [end of output]",
                "  ERROR: Failed building wheel for x",
            ],
            Diagnosis(
                code="cannot-write",
                message="fatal error: error writing to /tmp/x.s: No space left on device",
                facts={"reason": "No space left on device"},
            ),
            id="full-disk-inside-a-build",
        ),
        pytest.param(
            [
                "  × installing build dependencies did not run successfully.",  # noqa: RUF001 - the same
                "  │ exit code: 1",
                "  ╰─> [1 lines of output]",
                "      ERROR: No matching distribution found for setuptools",
                "      [end of output]",
                "ERROR: Failed to build 'file:///srv/pkg' when installing build dependencies",
            ],
            Diagnosis(
                code="pip-failed",
                message="installing build dependencies did not run successfully.\nexit code: 1\n"
                "  ERROR: No matching distribution found for setuptools",
                facts={"package": "file:///srv/pkg"},
            ),
            id="a-folder-without-a-name",
        ),
    ],
)
def test_what_no_log_was_captured_of(lines: list[str], expected: Diagnosis | None) -> None:
    """Rules for what is hard to bring about, and for precedence between two that match."""
    assert diagnose(lines) == expected
