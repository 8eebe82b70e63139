"""Reading pip's installation report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from resilient_pip.errors import PlanError
from resilient_pip.model import (
    PlannedFile,
    RemoteFile,
    RequirementForm,
    SafeUrl,
    project_name,
)
from resilient_pip.plan.report import Report, read_report
from resilient_pip.target.environment import Installed

GATEWAY = "http://127.0.0.1:4711/token/0/files/lib/k/Lib-1.0-py3-none-any.whl"
ENVIRONMENT = {"python_version": "3.11"}
LIB = RemoteFile(
    project=project_name("lib"),
    filename="Lib-1.0-py3-none-any.whl",
    url="https://user:secret@files.example/Lib-1.0-py3-none-any.whl",
    hashes={"sha256": "aa"},
    size=10,
    index=SafeUrl("https://index.example/simple/"),
)


def entry(info: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """One entry of a report's "install"."""
    metadata = {"name": "Lib", "version": "1.0", **changes.pop("metadata", {})}
    return {
        "download_info": info,
        "is_direct": False,
        "is_yanked": False,
        "requested": False,
        "metadata": metadata,
        **changes,
    }


def read(*entries: Mapping[str, Any], installed: Mapping[Any, Installed] | None = None) -> Report:
    """Read a report of these entries; the gateway knows one file."""
    document = {"version": "1", "install": list(entries), "environment": ENVIRONMENT}
    return read_report(document, resolve={GATEWAY: LIB}.get, installed=installed or {})


def test_an_index_file_is_what_the_gateway_stands_for() -> None:
    """Name and version come from the metadata, everything about the file from the gateway."""
    info = {"url": GATEWAY, "archive_info": {"hashes": {"sha256": "aa"}}}
    report = read(
        entry(info, requested=True, is_yanked=True, metadata={"requires_dist": ["dep>=1"]}),
        installed={project_name("lib"): Installed(name="Lib", version="0.9")},
    )
    assert report == Report(
        files=(
            PlannedFile(
                project=project_name("lib"),
                name="Lib",
                version="1.0",
                file=LIB,
                requested=True,
                requires=("dep>=1",),
                replaces="0.9",
                yanked=True,
            ),
        ),
        environment=ENVIRONMENT,
    )


def test_a_hash_that_only_pip_knows_is_kept() -> None:
    """Where the user gives --hash, pip has hashed the file; the index's own goes first."""
    info = {"url": GATEWAY, "archive_info": {"hashes": {"sha256": "bb", "sha512": "cc"}}}
    assert read(entry(info)).files[0].file.hashes == {"sha256": "aa", "sha512": "cc"}


@pytest.mark.parametrize(
    ("info", "form", "filename", "hashes"),
    [
        pytest.param(
            {"url": "https://h/a%2Bb/Lib-1.0%2Bx.tar.gz", "archive_info": {"hashes": {"sha256": "dd"}}},
            RequirementForm.DIRECT,
            "Lib-1.0+x.tar.gz",
            {"sha256": "dd"},
            id="archive",
        ),
        pytest.param(
            {"url": "file:///w/Lib-1.0-py3-none-any.whl", "archive_info": {"hashes": {"sha256": "dd"}}},
            RequirementForm.DIRECT,
            "Lib-1.0-py3-none-any.whl",
            {"sha256": "dd"},
            id="local wheel",
        ),
        pytest.param(
            {"url": "https://h/lib.git", "vcs_info": {"vcs": "git", "commit_id": "c0"}},
            RequirementForm.VCS,
            "lib.git",
            {},
            id="vcs",
        ),
        pytest.param(
            {"url": "file:///src/lib", "dir_info": {}}, RequirementForm.LOCAL, "lib", {}, id="folder"
        ),
        pytest.param(
            {"url": "file:///src/lib/", "dir_info": {"editable": True}},
            RequirementForm.EDITABLE,
            "lib",
            {},
            id="editable",
        ),
    ],
)
def test_a_direct_entry_tells_its_form(
    info: Mapping[str, Any], form: RequirementForm, filename: str, hashes: Mapping[str, str]
) -> None:
    """PEP 610's keys say what it is; what pip will record of it is kept word for word."""
    planned = read(entry(info, is_direct=True)).files[0]
    assert (planned.form, planned.file.filename, planned.file.url, planned.file.hashes) == (
        form,
        filename,
        info["url"],
        hashes,
    )
    assert json.loads(planned.direct_url or "") == info


def test_sizes_are_filled_in() -> None:
    """A size that was asked for goes to its project's file; the others stay as they are."""
    report = read(
        *(
            entry({"url": f"https://h/{name}-1.0.tar.gz", "archive_info": {}}, metadata={"name": name})
            for name in ("a", "b")
        )
    )
    sized = report.with_sizes({project_name("b"): 7})
    assert [planned.file.size for planned in sized.files] == [None, 7]


def test_another_version_of_the_report_is_refused() -> None:
    """A format that this program does not know is no plan."""
    with pytest.raises(PlanError, match="version '2', not '1'"):
        read_report({"version": "2"}, resolve=lambda _: None, installed={})
