"""The requirements that a script states in its block of metadata (PEP 723), read with pip's own parser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pip._internal.req.constructors import install_req_from_req_string
from pip._internal.utils.packaging import check_requires_python
from pip._vendor.packaging.specifiers import InvalidSpecifier

from resilient_pip.errors import PlanError, UsageError
from resilient_pip.index.candidates import TargetMarkers
from resilient_pip.model import Requirement, SourceLine
from resilient_pip.pip_adapter.files import shown_name
from resilient_pip.pip_adapter.requirement import refusing, requirement_of

try:  # since pip 26.0
    from pip._internal.req.pep723 import PEP723Exception, pep723_metadata
except ImportError:
    pep723_metadata = None


def read_script(script: str) -> dict[str, Any]:
    """Give the content of a script's block.

    Raises:
        UsageError: it cannot be read, or has no block or a wrong one.
    """
    try:
        block = dict(pep723_metadata(script))
    except PEP723Exception as error:
        raise UsageError(message=error.msg) from error
    except OSError as error:
        raise UsageError(message=f"{shown_name(script)}: {str(error.strerror).lower()}") from error
    except ValueError as error:  # bytes that are no text
        raise UsageError(message=f"{shown_name(script)}: it cannot be read: {error}") from error
    needed, python = block.get("dependencies", []), block.get("requires-python", "")
    is_list = isinstance(needed, list) and all(isinstance(text, str) for text in needed)
    if not is_list or not isinstance(python, str):
        message = "dependencies has to be a list of strings, and requires-python a string"
        raise UsageError(message=f"{shown_name(script)}: {message}")
    return block


def from_script(script: str, block: dict[str, Any]) -> Iterator[Requirement]:
    """Yield a script's requirements.

    Raises:
        UsageError: pip makes nothing of one.
    """
    lines = Path(script).read_text(encoding="utf-8").splitlines()
    for text in block.get("dependencies", ()):
        number = next((number for number, line in enumerate(lines, 1) if text in line), 1)
        source = SourceLine(file=shown_name(script), line=number)
        with refusing(text, source):
            made = install_req_from_req_string(text, user_supplied=True)
        yield requirement_of(made, text=text.strip(), source=source)


def check_python(
    script: str, block: dict[str, Any], target: TargetMarkers, version: tuple[int, ...] | None
) -> None:
    """See that a script's requires-python admits the target.

    Args:
        script: its path.
        block: what `read_script` gives.
        target: the target.
        version: what --python-version says instead of the target.

    Raises:
        UsageError: it is no specifier.
        PlanError: it does not.
    """
    needed = block.get("requires-python") or ""
    info = (*version, 0, 0)[:3] if version else target.python.release
    try:
        fits = check_requires_python(needed, version_info=info)
    except InvalidSpecifier as error:
        raise UsageError(message=f"{shown_name(script)}: requires-python: {error}") from error
    if not fits:
        python = ".".join(map(str, info))
        raise PlanError(
            message=f"Script {shown_name(script)!r} requires a different Python: {python} not in {needed!r}"
        )
