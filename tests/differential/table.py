"""The command lines as data: forms of requirement, options, and both together.

Words are written as in a shell, environment in front; {…} is filled in by `Places.fill`. Every form and every
option is met once alone; options that join are then dealt out in turn over the forms that join.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

INDEX = "--index-url {index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a room is like before a command line."""

    installs: tuple[tuple[str, ...], ...] = ()
    """The words of each `pip install` that leads there."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Files that are written then, by their paths in the room."""
    sees_system: bool = False
    """Whether the environment sees the packages of its base interpreter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One command line."""

    id: str
    words: tuple[str, ...]
    state: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """A form of requirement, or an option."""

    id: str
    words: str
    shown_with: str = ""
    """The requirements that an option stands with where it stands alone."""
    state: str = ""
    joins: bool = False
    index: str = INDEX


def _state(*lines: str, sees_system: bool = False) -> State:
    installs = tuple(tuple(shlex.split(f"{INDEX} {line}")) for line in lines)
    return State(installs=installs, sees_system=sees_system)


DIRECT = "{files}/direct-1.0-py3-none-any.whl"
DIRECT_HASH = "sha256={sha[direct-1.0-py3-none-any.whl]}"
LIB_5 = "'lib @ {files}/lib-5.0-py3-none-any.whl'"
WRONG = "0" * 64

STATES: Mapping[str, State] = {
    "": State(),
    "old": _state("app==1.0 edge==1.0 chicken"),
    "new": _state("app bag[a]"),
    "incomplete": _state("--no-deps app wants-old"),
    "folder": _state("./local"),
    "editable": _state("-e ./local"),
    "by-url": _state(f"'direct @ {DIRECT}' {LIB_5}"),
    "archive": _state("./files/archive-1.0.tar.gz ./files/direct-1.0-py3-none-any.whl"),
    "git": _state("'checked @ git+{url}/repository@v1.0'"),
    "tool": _state("build-tool==1.0"),
    "there": _state("--target there 'app<2' space-one"),
    "prefixed": _state("--prefix {env}/prefix 'app<2'"),
    "system": _state(sees_system=True),
    "user": _state("--user 'app<2'", sees_system=True),
    "user-conf": State(files={"home/.config/pip/pip.conf": "[install]\nindex-url = {index}\npre = yes\n"}),
    "site-conf": State(files={"env/pip.conf": "[install]\nno-deps = yes\n"}),
}

_FORMS = (
    # Names.
    _Row("name", "app", joins=True),
    _Row("names", "app space-one space-two twin-one twin-two DOTTED-name.PKG", joins=True),
    _Row("same-twice", "lib APP 'LIB<2' 'lib[fast]' app"),
    _Row("circle", "chicken egg"),
    _Row("extra", "bag[a]", joins=True),
    _Row("extras", "bag[b,A]"),
    _Row("extra-of-itself", "bag[all]", joins=True),
    _Row("extra-unknown", "bag[nope]"),
    _Row("extra-of-installed", "bag[all]", state="new"),
    _Row("marker-true", "\"app<2; python_version >= '3' and os_name == 'posix'\"", joins=True),
    _Row("marker-false", "\"nowhere; python_version < '3'\" lib"),
    _Row("marker-false-alone", "\"nowhere; python_version < '3'\""),
    _Row("marker-of-dependency", "marked"),
    # Versions.
    _Row("specifiers", "'app>=1,!=2.0' 'lib~=1.0' epoch===9.0 space-one==1.*", joins=True),
    _Row("newest", "stepping betaonly edge pulled tuned epoch modern foreign built-twice both"),
    _Row("named-versions", "edge==2.0.dev1 pulled==2.0 tuned==1.0+cpu foreign==2.0", joins=True),
    _Row("pre-release", "'edge>=2.0b1'", joins=True),
    _Row("yanked-only", "gone"),
    _Row("local-version", "tuned==1.0"),
    _Row("requires-python", "modern==2.0"),
    _Row("platform-of-others", "foreign==1.0"),
    # URLs.
    _Row("url-wheel", f"'direct @ {DIRECT}'", joins=True),
    _Row("url-wheel-hash", f"'direct[more] @ {DIRECT}#{DIRECT_HASH}'", joins=True),
    _Row("url-wheel-wrong-hash", f"'direct @ {DIRECT}#sha256={WRONG}'"),
    _Row("url-bare", DIRECT),
    _Row("url-egg", f"'{DIRECT}#egg=direct'"),
    _Row("url-egg-extra", f"'{DIRECT}#egg=direct[more]'"),
    _Row("url-marker", f"\"direct @ {DIRECT} ; python_version < '3'\" lib"),
    _Row("url-local-version", "'tuned @ {files}/tuned-3.0+local.1-py3-none-any.whl'"),
    _Row("url-sdist", "'archive @ {files}/archive-1.0.tar.gz'", joins=True),
    _Row("url-sdist-hash", "'archive @ {files}/archive-1.0.tar.gz#sha256={sha[archive-1.0.tar.gz]}'"),
    _Row("url-sdist-bare", "{files}/archive-1.0.tar.gz"),
    _Row("url-sdist-egg", "'{files}/archive-1.0.tar.gz#egg=archive'"),
    _Row("url-sdist-zip", "'zipped @ {files}/zipped-1.0.zip'"),
    _Row("url-subdirectory", "'inner @ {files}/tree-1.0.tar#subdirectory=inner'", joins=True),
    _Row("url-of-an-index-name", f"{LIB_5} app"),
    _Row("url-sdist-of-an-index-name", "'lib @ {files}/lib-6.0.tar.gz' app", joins=True),
    _Row("url-missing", "'direct @ {files}/direct-9.0-py3-none-any.whl'"),
    _Row("url-wrong-name", f"'other @ {DIRECT}'"),
    _Row("url-of-dependency", "needs-url", joins=True),
    _Row("url-sdist-of-dependency", "needs-archive"),
    # Version control.
    _Row("git", "'checked @ git+{url}/repository'", joins=True),
    _Row("git-tag", "'checked @ git+{url}/repository@v1.0'"),
    _Row("git-branch-egg", "'git+{url}/repository@main#egg=checked'"),
    _Row("git-bare", "git+{url}/repository"),
    _Row("git-subdirectory", "'inner @ git+{url}/repository@v2.0#subdirectory=inner'", joins=True),
    _Row("git-editable", "-e 'git+{url}/repository@v1.0#egg=checked'", joins=True),
    _Row("git-editable-subdirectory", "-e 'git+{url}/repository#egg=inner&subdirectory=inner'"),
    _Row("git-no-such-revision", "'checked @ git+{url}/repository@nowhere'"),
    _Row("git-of-dependency", "needs-git", joins=True),
    # Folders.
    _Row("folder", "./local", joins=True),
    _Row("folder-extra", "'./local[fast]'"),
    _Row("folder-url", "{url}/local"),
    _Row("folder-named", "'local[fast] @ {url}/local'"),
    _Row("folder-space", "'./with space'", joins=True),
    _Row("folder-space-url", "'spacious @ {url}/with%20space'"),
    _Row("folder-of-an-index-name", "./lib app==1.0", joins=True),
    _Row("folder-of-a-script", "./app"),
    _Row("folder-isolated-build", "./compiled"),
    _Row("folder-failing", "./failing app"),
    _Row("folder-missing", "./nowhere"),
    _Row("folder-without-project", "./found"),
    _Row("folder-of-dependency", "needs-folder"),
    _Row("editable", "-e ./local", joins=True),
    _Row("editable-extra", "-e './local[fast]'"),
    _Row("editable-url", "-e {url}/tree/inner"),
    _Row("editable-and-folder", "-e './with space' ./tree/inner app"),
    # Files.
    _Row("wheel-file", "./files/direct-1.0-py3-none-any.whl", joins=True),
    _Row("wheel-file-extra", "'./files/direct-1.0-py3-none-any.whl[more]'"),
    _Row("wheel-file-url", "'direct @ {url}/files/direct-1.0-py3-none-any.whl'"),
    _Row("wheel-file-space", "'{root}/files with space/direct-1.0-py3-none-any.whl'"),
    _Row("wheel-file-space-url", "'direct @ {url}/files%20with%20space/direct-1.0-py3-none-any.whl'"),
    _Row("wheel-file-local-version", "./files/tuned-3.0+local.1-py3-none-any.whl", joins=True),
    _Row("sdist-file", "./files/archive-1.0.tar.gz", joins=True),
    _Row("sdist-file-url", "'archive @ {url}/files/archive-1.0.tar.gz'"),
    _Row("sdist-file-isolated-build", "./files/compiled-1.0.tar.gz"),
    _Row("sdist-file-subdirectory", "'inner @ {url}/files/tree-1.0.tar#subdirectory=inner'"),
    _Row("file-missing", "./files/missing-1.0-py3-none-any.whl"),
    # Lists of requirements.
    _Row("group", "--group test", joins=True),
    _Row("group-of-a-file", "--group {root}/pyproject.toml:more"),
    _Row("group-missing", "--group nope"),
    _Row("list-nested", "-r nested/outer.txt", joins=True),
    _Row("list-by-url", "-r {index}../requirements.txt"),
    _Row("list-options", "-r options.txt"),
    _Row("list-settings", "-r settings.txt"),
    _Row("list-format-control", "-r binary.txt"),
    _Row("list-bad", "-r bad.txt"),
    _Row("list-absent", "-r absent.txt"),
    _Row("list-empty", "-r empty.txt"),
    _Row("constraint", "app -c limits.txt", joins=True),
    _Row("constraint-url", "app -c limits-url.txt"),
    _Row("constraint-by-url", "app -c {index}../limits.txt"),
    _Row("constraint-against", "'lib>=2' -c limits.txt"),
    _Row("hashes", "-r pinned.txt", joins=True),
    _Row("hashes-half", "-r pinned-half.txt"),
    _Row("hashes-wrong", "-r pinned-wrong.txt"),
    _Row("hashes-sdist", "-r pinned-source.txt"),
    _Row("hashes-url", "-r pinned-url.txt", joins=True),
    # Sources from an index.
    _Row("sdist", "source", joins=True),
    _Row("sdist-isolated-build", "native"),
    _Row("sdist-failing", "app broken"),
    # What cannot be.
    _Row("conflict", "wants-old wants-new"),
    _Row("conflict-of-installed", "wants-old", state="new", joins=True),
    _Row("missing", "nowhere"),
    _Row("missing-version", "app==3.0"),
    _Row("missing-dependency", "orphan"),
    _Row("nonsense", "'=nonsense='"),
    _Row("nothing", ""),
    # What is installed.
    _Row("upgrade-by-pin", "app==2.0", state="old"),
    _Row("downgrade", "app<2", state="new"),
    _Row("downgrade-of-dependency", "lib<2", state="new"),
    _Row("installed-already", "app", state="old"),
    _Row("dependency-lacks", "app", state="incomplete"),
    _Row("name-of-installed-folder", "local speed", state="folder"),
    _Row("name-of-installed-editable", "local[fast]", state="editable"),
    _Row("name-of-installed-url", "direct[more]", state="by-url"),
    _Row("folder-again", "./local", state="folder", joins=True),
    _Row("folder-as-editable", "-e ./local", state="folder"),
    _Row("editable-as-folder", "./local", state="editable"),
    _Row("editable-again", "-e ./local", state="editable"),
    _Row("url-again", f"'direct @ {DIRECT}'", state="by-url", joins=True),
    _Row("url-over-index", LIB_5, state="old"),
    _Row("index-over-url", "lib==1.0", state="by-url"),
    _Row("file-again", "./files/archive-1.0.tar.gz ./files/direct-1.0-py3-none-any.whl", state="archive"),
    _Row("git-again", "'checked @ git+{url}/repository@v1.0'", state="git"),
    _Row("git-other-revision", "'checked @ git+{url}/repository@v2.0'", state="git"),
)

_FOREIGN = "--platform win_amd64 --python-version 3.9"
_OPTIONS = (
    # What is chosen.
    _Row("upgrade", "-U", "app", state="old", joins=True),
    _Row("eager", "-U --upgrade-strategy eager", "edge app chicken", state="old", joins=True),
    _Row("upgrade-folder", "-U", "./local", state="folder"),
    _Row("upgrade-editable", "-U", "local", state="editable"),
    _Row("upgrade-url", "-U", "direct lib", state="by-url"),
    _Row("strategy-without-upgrade", "--upgrade-strategy eager", "app", state="old"),
    _Row("force-reinstall", "--force-reinstall", "app", state="old", joins=True),
    _Row("force-reinstall-folder", "--force-reinstall", "./local app", state="folder"),
    _Row("force-reinstall-url", "--force-reinstall --no-deps", "lib==1.0", state="by-url"),
    _Row("ignore-installed", "-I", "app", state="old", joins=True),
    _Row("ignore-installed-folder", "-I", "./local app", state="folder"),
    _Row("no-deps", "--no-deps", "app", joins=True),
    _Row("no-deps-upgrade", "--no-deps -U", "app", state="old"),
    _Row("pre", "--pre", "edge betaonly", joins=True),
    _Row("no-binary", "--no-binary both", "both==1.0"),
    _Row("no-binary-all", "--no-binary :all:", "both source", joins=True),
    _Row("no-binary-of-wheels", "--no-binary :all:", "app"),
    _Row("only-binary", "--only-binary :all:", "both", joins=True),
    _Row("only-binary-of-sdist", "--only-binary :all:", "source"),
    _Row("both-controls", "--no-binary :all: --only-binary lib", "source"),
    _Row("prefer-binary", "--prefer-binary", "both", joins=True),
    _Row("ignore-requires-python", "--ignore-requires-python", "modern", joins=True),
    _Row("require-hashes", "--require-hashes", "-r pinned.txt", joins=True),
    _Row("require-hashes-without", "--require-hashes", "app"),
    _Row("uploaded-prior-to", "--uploaded-prior-to 2020-01-01", "app"),
    _Row("uploaded-prior-to-later", "--uploaded-prior-to 2030-01-01", "app"),
    _Row("platform", f"{_FOREIGN} --target there --only-binary :all:", "foreign"),
    _Row("python-version", "--python-version 99 --target there --no-deps", "modern"),
    _Row("implementation", "--implementation py --abi none --target there --no-deps", "app"),
    _Row("platform-without-target", f"{_FOREIGN} --only-binary :all:", "foreign"),
    _Row("platform-with-sources", f"{_FOREIGN} --target there", "foreign"),
    # Where from.
    _Row("no-index", "--no-index --find-links found", "found found-source", joins=True),
    _Row("no-index-alone", "--no-index", "app", index=""),
    _Row("no-index-folder", "--no-index --no-deps", "./local", index=""),
    _Row("find-links", "--find-links found", "lib found", joins=True),
    _Row("find-links-url", "--find-links {url}/found", "lib"),
    _Row("find-links-page", "--find-links {index}../found/", "lib found", joins=True),
    _Row("find-links-absent", "--find-links {root}/absent", "lib"),
    _Row("extra-index-url", "--extra-index-url {other}", "app elsewhere", joins=True),
    _Row("index-url-twice", "--index-url {other}", "lib"),
    # Where to.
    _Row("target", "--target there", "app space-one space-two", joins=True),
    _Row("target-again", "--target there", "app space-two", state="there"),
    _Row("target-upgrade", "--target there -U", "app space-two", state="there"),
    _Row("target-folder-and-sdist", "--target there", "./lib source app==1.0"),
    _Row("target-editable", "--target there", "-e ./local"),
    _Row("prefix", "--prefix {env}/prefix", "app space-one", joins=True),
    _Row("prefix-again", "--prefix {env}/prefix", "app", state="prefixed"),
    _Row("prefix-ignore-installed", "--prefix {env}/prefix -I", "app", state="prefixed"),
    _Row("root", "--root {root}/elsewhere", "app", joins=True),
    _Row("root-and-prefix", "--root {root}/elsewhere --prefix /opt/app", "app source"),
    _Row("user", "--user", "app", state="system"),
    _Row("user-base", "PYTHONUSERBASE={root}/base --user", "app ./local", state="system"),
    _Row("user-upgrade", "--user -U", "app", state="user"),
    _Row("user-refused", "--user", "app"),
    _Row("user-and-target", "--user --target there", "app"),
    _Row("src", "--src checkouts", "-e 'git+{url}/repository#egg=checked'"),
    # How.
    _Row("no-compile", "--no-compile", "app", joins=True),
    _Row("no-build-isolation", "--no-build-isolation", "native ./compiled", state="tool"),
    _Row("no-build-isolation-lacks", "--no-build-isolation", "native"),
    _Row("config-settings", "-C key=value -C key=more", "source ./local", joins=True),
    _Row("config-settings-editable", "-C editable=1", "-e ./local source"),
    _Row("build-constraint", "--build-constraint build-limits.txt", "native ./compiled", joins=True),
    _Row("dry-run", "--dry-run", "app ./local", state="old", joins=True),
    _Row("dry-run-refused", "--dry-run", "wants-old wants-new"),
    _Row("no-cache-dir", "--no-cache-dir", "source", joins=True),
    _Row("quiet", "-qq --no-input --progress-bar off --no-color", "app", joins=True),
    _Row("verbose", "-v --compile --no-warn-script-location", "app ./local", joins=True),
    _Row("virtualenv", "--require-virtualenv --break-system-packages", "app"),
    _Row("unknown-option", "--nonsense", "app"),
    _Row("without-value", "app --index-url", index=""),
    # Configuration.
    _Row("env-index", "PIP_INDEX_URL={index}", "app", index=""),
    _Row("env-options", "PIP_PRE=1 PIP_NO_BINARY=both PIP_NO_COMPILE=1", "edge both"),
    _Row("env-target", "PIP_TARGET={root}/there", "app"),
    _Row("env-constraint", "PIP_CONSTRAINT='{root}/limits.txt {root}/nested/limits.txt'", "app"),
    _Row("env-requirement", "PIP_REQUIREMENT={root}/nested/inner.txt"),
    _Row("env-wrong", "PIP_NO_COMPILE=perhaps", "app"),
    _Row("conf", "PIP_CONFIG_FILE={root}/conf/index.conf", "app", index=""),
    _Row("conf-indexes", "PIP_CONFIG_FILE={root}/conf/indexes.conf", "edge app", index=""),
    _Row("conf-below-options", "PIP_CONFIG_FILE={root}/conf/indexes.conf", "lib"),
    _Row("conf-user", "PIP_CONFIG_FILE=", "edge", state="user-conf", index=""),
    _Row("conf-user-isolated", "PIP_CONFIG_FILE= --isolated", "edge", state="user-conf"),
    _Row("conf-site", "PIP_CONFIG_FILE=", "app", state="site-conf"),
    _Row("isolated", "PIP_NO_DEPS=1 --isolated", "app"),
)


def _alone() -> Iterator[Case]:
    for row in (*_FORMS, *_OPTIONS):
        yield _case(row.id, f"{row.words} {row.shown_with} {row.index}", row.state)


def _joined() -> Iterator[Case]:
    """Deal the options out, so that each meets some forms and each form some option."""
    options = itertools.cycle(row for row in _OPTIONS if row.joins)
    for form in (row for row in _FORMS if row.joins):
        option = next(options)
        words = f"{INDEX} {option.words} {form.words}"
        yield _case(f"{form.id}+{option.id}", words, form.state or option.state)


def _case(name: str, text: str, state: str) -> Case:
    words = shlex.split(text)
    environ = dict(word.split("=", 1) for word in itertools.takewhile(_ASSIGNS.match, words))
    return Case(id=name, words=tuple(words[len(environ) :]), environ=environ, state=state)


_ASSIGNS = re.compile(r"[A-Z_]+=")
CASES = (*_alone(), *_joined())
