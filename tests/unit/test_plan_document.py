"""A plan as a document and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resilient_pip.errors import StorageError, UsageError
from resilient_pip.model import (
    Group,
    Plan,
    PlannedFile,
    RemoteFile,
    Requirement,
    RequirementForm,
    SafeUrl,
    SourceLine,
    Stage,
    Terms,
    project_name,
)
from resilient_pip.plan.document import plan_as_json, unsavable
from resilient_pip.plan.reading import plan_of_json
from resilient_pip.plan_files import plan_text, read_plan_file, write_plan_file, write_split

FOLDER = "/project/plans"


def planned(name: str, url: str, **changes: Any) -> PlannedFile:
    """A planned file of version 1.0."""
    project = project_name(name)
    file = RemoteFile(
        project=project,
        filename=url.partition("?")[0].rpartition("/")[2],
        url=url,
        hashes={"sha256": "aa"},
        size=70_400,
        index=SafeUrl("https://pypi.org/simple/"),
    )
    terms = Terms(limit_s=60.3, hard=False, tries=8)
    return replace(PlannedFile(project=project, name=name, version="1.0", file=file, terms=terms), **changes)


NAMED = planned(
    "Idna",
    "https://files.example/idna-1.0-py3-none-any.whl",
    requested=True,
    extras=frozenset({"b", "a"}),
    requires=("x>=1; python_version > '3'",),
    requires_python=">=3.8",
    yanked=True,
    terms=Terms(limit_s=900, hard=True, tries=3),
)
SDIST = planned(
    "made",
    "https://files.example/made-1.0.tar.gz",
    build_options=("--config-settings=a=b",),
    terms=Terms(limit_s=None, hard=False, tries=8),
)
DIRECT = planned(
    "direct",
    "https://h/direct-1.0.zip",
    form=RequirementForm.DIRECT,
    reference="https://h/direct-1.0.zip#sha256=aa&subdirectory=deep",
    direct_url=json.dumps(
        {
            "archive_info": {"hashes": {"sha256": "aa"}},
            "subdirectory": "deep",
            "url": "https://h/direct-1.0.zip",
        },
        sort_keys=True,
    ),
)
CHECKOUT = planned(
    "repo",
    "ssh://git@h/repo.git",
    form=RequirementForm.VCS,
    reference="git+ssh://git@h/repo.git@c0ffee",
    direct_url=json.dumps(
        {
            "url": "ssh://git@h/repo.git",
            "vcs_info": {"commit_id": "c0ffee", "requested_revision": "main", "vcs": "git"},
        },
        sort_keys=True,
    ),
)
LOCAL = planned(
    "local",
    "file:///project/wheels/local-1.0-py3-none-any.whl",
    form=RequirementForm.DIRECT,
    reference="file:///project/wheels/local-1.0-py3-none-any.whl#sha256=aa",
    direct_url=json.dumps(
        {
            "archive_info": {"hashes": {"sha256": "aa"}},
            "url": "file:///project/wheels/local-1.0-py3-none-any.whl",
        },
        sort_keys=True,
    ),
)


def plan_of(*files: PlannedFile) -> Plan:
    """A plan of one group."""
    wanted = Requirement(text="idna[a,b]", name=project_name("idna"), extras=frozenset({"a", "b"}))
    group = Group(name="first", files=files, requirements=(wanted,))
    return Plan(
        stages=(Stage(groups=(group,)),),
        order=("first",),
        options=("--pre",),
        made_for="CPython 3.11 on linux x",
    )


@pytest.mark.parametrize(
    "file", [pytest.param(one, id=one.name) for one in (NAMED, SDIST, DIRECT, CHECKOUT, LOCAL)]
)
def test_what_is_written_is_read(file: PlannedFile) -> None:
    """Every fact that an installation needs; a repository's URL for messages has no login."""
    plan = plan_of(file)
    found = plan_of_json(json.loads(json.dumps(plan_as_json(plan, folder=FOLDER))), folder=FOLDER)
    url = "ssh://h/repo.git" if file is CHECKOUT else file.file.url
    assert found == plan_of(replace(file, file=replace(file.file, url=url)))


def test_no_secret_and_no_place_of_this_machine_is_written() -> None:
    """URLs come without logins and queries, paths relative to the document, requirements by name alone."""
    info = {"url": "https://h/direct-1.0.zip?token=secret", "archive_info": {"hashes": {"sha256": "aa"}}}
    files = (
        planned("one", "https://user:secret@files.example/one-1.0-py3-none-any.whl?sig=secret"),
        replace(DIRECT, reference="https://u:secret@h/direct-1.0.zip", direct_url=json.dumps(info)),
        LOCAL,
    )
    plan = plan_of(*files)
    source = Requirement(
        text="x @ https://u:secret@h/x.zip", name=project_name("x"), source=SourceLine(file="r.txt", line=7)
    )
    group = replace(plan.groups[0], requirements=(source,))
    document = plan_as_json(replace(plan, stages=(Stage(groups=(group,)),)), folder=FOLDER)
    text = json.dumps(document)
    assert [word for word in ("secret", "/project", "r.txt", "7,") if word in text] == []
    urls = [file["url"] for file in document["groups"][0]["files"]]
    assert urls == [
        "https://h/direct-1.0.zip",
        "../wheels/local-1.0-py3-none-any.whl",
        "https://files.example/one-1.0-py3-none-any.whl",
    ]


@pytest.mark.parametrize(
    ("line", "written"),
    [
        pytest.param("y @ https://h/y.zip#sha256=aa", "y @ https://h/y.zip#sha256=aa", id="fragment"),
        pytest.param("y @ git+ssh://git@h/y@v1", "y @ git+ssh://git@h/y@v1", id="git"),
        pytest.param(
            "y[b] @ https://u:secret@h/y.zip ; extra == 'x'",
            'y[b] @ https://h/y.zip ; extra == "x"',
            id="login",
        ),
        pytest.param("y @ https://h/y.zip?sig=secret", "y @ https://h/y.zip", id="query"),
        pytest.param("y @ https://u:se/cret@h/y.zip", "y @ (no URL)", id="doubtful"),
    ],
)
def test_urls_in_metadata(line: str, written: str) -> None:
    """A private package may ask for another one by a URL with a login."""
    document = plan_as_json(plan_of(replace(NAMED, requires=(line,))), folder=FOLDER)
    (found,) = document["groups"][0]["files"][0]["requires_dist"]
    assert found.replace(" @", "@") == written.replace(" @", "@")  # releases of packaging differ in that


def test_a_dependency_by_a_secret_url_is_refused() -> None:
    """The installing pip asks for it by the whole URL again, which stands in no plan."""
    asking = replace(NAMED, requires=("direct @ https://u:secret@h/direct-1.0.zip",))
    assert unsavable((asking,)) is None  # an extra that nobody asks for, say
    reason = unsavable((asking, DIRECT))
    assert reason is not None
    assert "Idna==1.0 asks for direct by a URL with a login or a query" in reason


def test_a_url_that_hides_its_password_is_refused() -> None:
    """Nobody can say where in it the login ends."""
    with pytest.raises(UsageError, match="cannot be told from its path"):
        plan_as_json(plan_of(planned("one", "https://user:pass/word@h/one-1.0.zip")), folder=FOLDER)


def test_the_order_of_files_is_their_names() -> None:
    """The order that pip gives depends on what else is planned."""
    one, other = plan_of(NAMED, SDIST), plan_of(SDIST, NAMED)
    assert plan_as_json(one, folder=FOLDER) == plan_as_json(other, folder=FOLDER)


def set_key(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    """Change a key of the document's first file."""

    def change(document: dict[str, Any]) -> None:
        document["groups"][0]["files"][0][key] = value

    return change


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda d: d.update(format="x"), "it is no plan", id="format"),
        pytest.param(lambda d: d.update(version=3), "it has version 3, and this program reads", id="version"),
        pytest.param(lambda d: d.update(version=True), "'version' is missing or wrong", id="bool"),
        pytest.param(
            lambda d: d.update(later=["a", "b"]), "it lacks what is planned later: a, b", id="later"
        ),
        pytest.param(lambda d: d.update(later="a"), "'later' is missing or wrong", id="later-no-list"),
        pytest.param(lambda d: d.pop("groups"), "'groups' is missing or wrong", id="groups"),
        pytest.param(lambda d: d.update(groups=[3]), "'name' is missing or wrong", id="group"),
        pytest.param(lambda d: d.update(groups=d["groups"] * 2), "is in it twice", id="twice"),
        pytest.param(lambda d: d["groups"][0].update(name="a\nb"), "is no name of a group", id="group-name"),
        pytest.param(set_key("filename", "../x-1.0.zip"), "is no file name", id="filename"),
        pytest.param(set_key("filename", "a\nb.zip"), "is no file name", id="line-break"),
        pytest.param(set_key("timeout", float("nan")), "no positive number", id="timeout"),
        pytest.param(set_key("timeout", float("inf")), "no positive number", id="endless"),
        pytest.param(set_key("tries", 0), "no positive number", id="tries"),
        pytest.param(set_key("filename", "x.whl"), "Invalid wheel filename", id="wheel"),
        pytest.param(set_key("name", "x\n--index-url=y"), "'name' cannot be", id="name"),
        pytest.param(set_key("version", "1 2"), "'version' cannot be", id="file-version"),
        pytest.param(set_key("requires_dist", ["a\nb"]), "'requires_dist' is wrong", id="requires"),
        pytest.param(set_key("extras", [1]), "'extras' is wrong", id="extras"),
        pytest.param(set_key("build_options", ["--target=/"]), "'build_options' is wrong", id="options"),
        pytest.param(set_key("hashes", {"sha256": "x y"}), "a hash is no", id="hash"),
        pytest.param(set_key("hashes", {"md5": "aa"}), "no SHA-256, SHA-384 or SHA-512", id="weak-hash"),
        pytest.param(set_key("form", "direct"), "which does not go with its direct_url", id="form"),
        pytest.param(set_key("form", "odd"), "is not a valid RequirementForm", id="no-form"),
    ],
)
def test_a_document_that_is_no_plan(spoil: Callable[[dict[str, Any]], object], message: str) -> None:
    """What is wrong is said, and nothing of it reaches a command line."""
    document = json.loads(json.dumps(plan_as_json(plan_of(NAMED), folder=FOLDER)))
    spoil(document)
    with pytest.raises(ValueError, match=message):
        plan_of_json(document, folder=FOLDER)


def test_a_url_with_a_line_break_is_refused() -> None:
    """It would be a second line of a requirements file."""
    document = json.loads(json.dumps(plan_as_json(plan_of(DIRECT), folder=FOLDER)))
    document["groups"][0]["files"][0]["direct_url"]["url"] = "https://h/x.zip\n--index-url https://evil"
    with pytest.raises(ValueError, match="characters that no URL may have"):
        plan_of_json(document, folder=FOLDER)


@pytest.mark.parametrize(
    ("info", "key"),
    [
        pytest.param({"archive_info": []}, "archive_info", id="archive"),
        pytest.param({"archive_info": {"hashes": []}}, "hashes", id="hashes"),
        pytest.param({"vcs_info": None}, "vcs_info", id="vcs"),
        pytest.param({"vcs_info": {"vcs": "git"}}, "commit_id", id="commit"),
    ],
)
def test_an_origin_of_another_shape_is_refused(info: dict[str, object], key: str) -> None:
    """What stands where PEP 610 has an object is looked at, too."""
    document = json.loads(json.dumps(plan_as_json(plan_of(DIRECT), folder=FOLDER)))
    document["groups"][0]["files"][0]["direct_url"] = {"url": "https://h/direct-1.0.zip", **info}
    with pytest.raises(ValueError, match=f"'{key}' is missing or wrong"):
        plan_of_json(document, folder=FOLDER)


def test_a_folder_is_refused() -> None:
    """By reading too: `plan --json` shows it."""
    info = json.dumps({"url": "file:///project/mine", "dir_info": {}})
    mine = planned("mine", "file:///project/mine", form=RequirementForm.LOCAL, direct_url=info)
    with pytest.raises(ValueError, match="mine is built from a folder, which a plan cannot hold"):
        plan_of_json(plan_as_json(plan_of(mine), folder=FOLDER), folder=FOLDER)


# --- files -------------------------------------------------------------------------------------------


def test_a_file_is_written_in_one_step_and_read(tmp_path: Path) -> None:
    """Nothing else is left beside it."""
    path = tmp_path / "new" / "plan.json"
    for _ in range(2):
        write_plan_file(path, plan_of(NAMED))
        assert read_plan_file(path) == plan_of(NAMED)
    assert [one.name for one in path.parent.iterdir()] == ["plan.json"]
    assert path.read_text() == plan_text(plan_of(NAMED), folder=path.parent)


def test_a_file_that_says_the_same_is_left(tmp_path: Path) -> None:
    """Its time tells when the plan changed."""
    path = tmp_path / "plan.json"
    write_plan_file(path, plan_of(NAMED))
    before = path.stat()
    write_plan_file(path, plan_of(NAMED))
    assert path.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "no such file or directory", id="missing"),
        pytest.param(b"{", "it is no JSON, or broken off: Expecting", id="no-json"),
        pytest.param(b"\xff", "can't decode byte", id="no-text"),
        pytest.param(b"[" * 100_000, "recursion", id="deep"),
        pytest.param(b"{}", "it is no plan", id="no-plan"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    """One line with the file."""
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=rf"--plan .*plan\.json: .*{message}"):
        read_plan_file(path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The disk's own words."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        write_plan_file(tmp_path / "file" / "plan.json", plan_of(NAMED))
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(StorageError):
        write_plan_file(tmp_path / "plan.json", plan_of(NAMED))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "plan.json"]


def test_a_split_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    """Plan files of an earlier split go; other names, other contents and folders stay."""
    write_split(tmp_path, {"10-a.json": plan_of(NAMED), "20-b.json": plan_of(SDIST)})
    write_plan_file(tmp_path / "plan.json", plan_of(NAMED))
    (tmp_path / "30-c.json").write_text("{}")
    (tmp_path / "40-d.json").write_text("{")
    (tmp_path / "50-e.json").mkdir()
    write_split(tmp_path, {"10-x.json": plan_of(NAMED)})
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["10-x.json", "30-c.json", "40-d.json", "50-e.json", "plan.json"]
