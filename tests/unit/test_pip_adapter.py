"""What a command line asks for, read with pip's own parsers; runs against every pip that is admitted."""

from __future__ import annotations

import sys
from pathlib import Path

import pip
import pytest
from packaging.version import Version

from resilient_pip.errors import (
    UsageError,
)
from resilient_pip.model import (
    Directive,
    Install,
    Network,
    Requirement,
    RequirementForm,
    SourceLine,
    UnreadFile,
)
from resilient_pip.pip_adapter import (
    Leading,
    install_options,
    leading_options,
    read_client,
    read_install,
)
from resilient_pip.settings import OPTIONS, Option

pytestmark = pytest.mark.pips
PIP = Version(pip.__version__)
SINCE_26_0 = pytest.mark.skipif(Version("26.0") > PIP, reason="needs pip 26.0")
SINCE_26_2 = pytest.mark.skipif(Version("26.2") > PIP, reason="needs pip 26.2")
PRE = ("--all-releases=:all:",) if Version("26.0") <= PIP else ("--pre",)
PYPI = "https://pypi.org/simple"
TOO_OLD = ": lock files need pip 26.3 or later"
CPU = "https://download.pytorch.org/whl/cpu"
PROJECT = '[project]\nname = "pkg"\nversion = "1"\n[dependency-groups]\ndev = ["rich>=13", "pytest"]\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, *lines: str) -> str:
    """Write a file into the working folder and give its name."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return name


def read(*argv: str) -> Install:
    """Read a command line that has no options of this program."""
    install, given = read_install(argv)
    assert given == {}
    return install


def refuse(*argv: str) -> str:
    """The message of the usage error that a command line is."""
    with pytest.raises(UsageError) as caught:
        read_install(argv)
    return str(caught.value)


# --- requirements ------------------------------------------------------------------------------------


def test_names_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but names: pip's defaults, and nothing on the terminal."""
    install = read("Torch[A,b]>=2; python_version > '3'", "old; python_version < '3'")
    cache = install.pip_cache_dir
    assert cache
    assert Path(cache).is_absolute()
    assert install == Install(
        requirements=(
            Requirement(
                text="Torch[A,b]>=2; python_version > '3'",
                name=install.requirements[0].name,
                extras=frozenset({"A", "b"}),
            ),
            Requirement(text="old; python_version < '3'", name=install.requirements[1].name, applies=False),
        ),
        index_urls=(PYPI,),
        pip_cache_dir=cache,
    )
    assert [one.name for one in install.requirements] == ["torch", "old"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("word", "form", "name", "line"),
    [
        pytest.param("a==1", RequirementForm.NAMED, "a", "a==1", id="named"),
        pytest.param("a @ https://h/a-1.tar.gz", RequirementForm.DIRECT, "a", None, id="name-at-url"),
        pytest.param("https://h/a-1.tar.gz", RequirementForm.DIRECT, None, None, id="sdist-url"),
        pytest.param("https://h/A_b-1-py3-none-any.whl", RequirementForm.DIRECT, "a-b", None, id="wheel-url"),
        pytest.param("git+https://h/a.git#egg=a", RequirementForm.VCS, "a", None, id="vcs"),
        pytest.param("a @ git+https://h/a.git@main", RequirementForm.VCS, "a", None, id="name-at-vcs"),
        pytest.param("./my pkg", RequirementForm.LOCAL, None, None, id="folder"),
        pytest.param("./my pkg[extra]", RequirementForm.LOCAL, None, None, id="folder-with-extra"),
        pytest.param("a-1-py3-none-any.whl", RequirementForm.LOCAL, "a", None, id="wheel"),
    ],
)
def test_forms(word: str, form: RequirementForm, name: str | None, line: str | None) -> None:
    """Words, folders, files and URLs are what they are to pip, on the command line and in a file."""
    write("my pkg/pyproject.toml", PROJECT)
    write("a-1-py3-none-any.whl")
    (alone,) = read(word).requirements
    assert (alone.text, alone.form, alone.name, alone.line) == (word, form, name, line or word)
    (in_file,) = read("-r", write("r.txt", word)).requirements
    assert (in_file.text, in_file.form, in_file.name) == (word, form, name)


def test_editables_are_written_as_a_file_takes_them() -> None:
    """Behind -e pip splits words as a shell does; what is read comes back the same."""
    write("my pkg/pyproject.toml", PROJECT)
    install = read("-e", "./my pkg", "-e", "git+https://h/a.git#egg=a", "-C", "k=a b")
    lines = [one.line for one in install.requirements]
    assert lines == [
        "-e './my pkg' --config-settings='k=a b'",
        "-e 'git+https://h/a.git#egg=a' --config-settings='k=a b'",
    ]
    again = read("-r", write("r.txt", *lines)).requirements
    assert [one.line for one in again] == lines
    assert [one.form for one in again] == [RequirementForm.EDITABLE] * 2


def test_a_file_with_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Continuations, comments, variables, hashes, settings, markers; each with its line."""
    monkeypatch.setenv("VERSION", "1.5")
    write(
        "r.txt",
        "# a comment",
        "a==${VERSION} \\",
        "    --hash=sha256:11 --hash sha512:22 # why",
        "",
        "b --config-settings 'k=v w' -C x=1 -C x=2",
    )
    install = read("-r", "r.txt")
    assert [(one.text, one.options, one.source) for one in install.requirements] == [
        ("a==1.5", ("--hash=sha256:11", "--hash=sha512:22"), SourceLine(file="r.txt", line=2)),
        (
            "b",
            ("--config-settings='k=v w'", "--config-settings=x=1", "--config-settings=x=2"),
            SourceLine(file="r.txt", line=5),
        ),
    ]
    again = read("-r", write("again.txt", *(one.line for one in install.requirements)))
    assert [one.line for one in again.requirements] == [one.line for one in install.requirements]


def test_pip_gives_config_settings_to_the_command_line_only() -> None:
    """-C on the command line is not for what stands in files."""
    install = read("a", "-C", "k=v", "-r", write("r.txt", "b"))
    assert [one.line for one in install.requirements] == ["a --config-settings=k=v", "b"]


def test_nested_files_and_constraints() -> None:
    """In pip's order, named as the user would, relative to the file that names them."""
    write("sub/nested.txt", "b", "-c limits.txt")
    write("sub/limits.txt", "c<3")
    write("more.txt", "c<4", "-r extra.txt")
    write("extra.txt", "d")
    install = read("last", "-r", write("r.txt", "a", "-r sub/nested.txt", "z"), "-c", "more.txt")
    assert [str(one) for one in install.requirements] == [
        "extra.txt:1: d",
        "last",
        "r.txt:1: a",
        "sub/nested.txt:1: b",
        "r.txt:3: z",
    ]
    assert [str(one) for one in install.constraints] == ["more.txt:1: c<4", "sub/limits.txt:1: c<3"]


def test_a_file_elsewhere_keeps_its_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A path outside the working folder is not made relative."""
    path = tmp_path_factory.mktemp("elsewhere") / "r.txt"
    path.write_text("a\n")
    (one,) = read("-r", str(path)).requirements
    assert one.source == SourceLine(file=str(path), line=1)


def test_encodings() -> None:
    """A byte order mark and a PEP 263 line are read as pip reads them."""
    Path("bom.txt").write_bytes("a # ü\n".encode("utf-16"))
    Path("coding.txt").write_bytes("# -*- coding: latin-1 -*-\nb # ü\n".encode("latin-1"))
    install = read("-r", "bom.txt", "-r", "coding.txt")
    assert [str(one) for one in install.requirements] == ["bom.txt:1: a", "coding.txt:2: b"]


def test_dependency_groups() -> None:
    """--group (PEP 735) of ./pyproject.toml and of another one."""
    write("pyproject.toml", PROJECT)
    write("sub/pyproject.toml", PROJECT.replace("dev", "more"))
    install = read("--group", "dev", "--group", "sub/pyproject.toml:more")
    assert [one.line for one in install.requirements] == ["rich>=13", "pytest", "rich>=13", "pytest"]


def test_directives_and_per_line_indexes() -> None:
    """Comments and `--index-url` behind a requirement become directives."""
    write(
        "r.txt",
        "# resilient-pip: group=g",
        "a",
        "",
        f"torch --index-url {CPU}",
        f"vision -i {CPU} # resilient-pip: timeout=90",
    )
    assert [one.directive for one in read("-r", "r.txt").requirements] == [
        Directive(group="g", source=SourceLine(file="r.txt", line=1)),
        Directive(index_url=CPU, source=SourceLine(file="r.txt", line=4)),
        Directive(index_url=CPU, timeout_s=90.0, source=SourceLine(file="r.txt", line=5)),
    ]


def test_one_file_for_both_kinds_may_have_directives() -> None:
    """`-r x -c x` is not an error because of a directive in x."""
    write("r.txt", "a # resilient-pip: group=g")
    install = read("-r", "r.txt", "-c", "r.txt")
    assert [one.directive.group for one in install.requirements] == ["g"]
    assert [one.line for one in install.constraints] == ["a"]


# --- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param(
            ["a", "b=1"],
            "r.txt:2: Invalid requirement: 'b=1': … Hint: = is not a valid operator. Did you mean == ?",
            id="operator",
        ),
        pytest.param(["a==1", "", "=>2"], "r.txt:3: Invalid requirement: '=>2': …", id="no-name"),
        pytest.param(["a; nonsense"], "r.txt:1: Invalid requirement: …", id="marker"),
        pytest.param(["a", "--nonsense"], "r.txt:2: no such option: --nonsense", id="option"),
        pytest.param(
            ["a --hash=md5:1"],
            "r.txt:1: Allowed hash algorithms for --hash are sha256, sha384, sha512.",
            id="hash",
        ),
        pytest.param(["-e 'a"], "r.txt:1: Could not split options: -e 'a", id="quote"),
        pytest.param(["-e ./gone"], "r.txt:1: ./gone is not a valid editable requirement. …", id="editable"),
        pytest.param(["a", "-r gone.txt"], "r.txt:2: gone.txt: no such file", id="nested-file"),
        pytest.param(["-r r.txt"], "r.txt:1: …r.txt recursively references itself in …", id="recursion"),
        pytest.param(
            ["./gone-1-py3-none-any.whl"], "r.txt:1: …/gone-1-py3-none-any.whl: no such file", id="file"
        ),
        pytest.param(["./folder"], "r.txt:1: Directory './folder' is not installable. …", id="folder"),
        pytest.param(
            ["a --index-url simple"],
            "r.txt:1: --index-url: an index is an http, https or file URL",
            id="per-line-index",
        ),
        pytest.param(
            ["a # resilient-pip: grup=x"], "r.txt:1: directive: there is no key 'grup' …", id="directive"
        ),
    ],
)
def test_a_wrong_line_is_named(lines: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    """File, line and one sentence; nothing else reaches the terminal."""
    Path("folder").mkdir()
    said = refuse("-r", write("r.txt", *lines))
    position = 0
    for part in message.split("…"):
        assert part in said[position:], said
        position = said.index(part, position) + len(part)
    assert "\n" not in said
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        pytest.param(
            [], 'You must give at least one requirement to install (see "resilient-pip --help")', id="nothing"
        ),
        pytest.param(["--nonsense"], "no such option: --nonsense", id="option"),
        pytest.param(["-r", "gone.txt"], "gone.txt: no such file", id="file"),
        pytest.param(["-r", "file:///gone.txt"], "file:///gone.txt: no such file", id="file-url"),
        pytest.param(["-r", "."], ".: is a directory", id="a-folder"),
        pytest.param(["-r", "file:///usr"], "file:///usr: is a directory", id="a-folder-url"),
        pytest.param(
            ["-r", "http://u:secret@["], "(no URL): it cannot be read: Invalid IPv6 URL", id="no-url"
        ),
        pytest.param(
            ["-r", "https:///a.txt"],
            "https:///a.txt: it cannot be read: a URL without a host or port",
            id="no-host",
        ),
        pytest.param(
            ["-i", "http://me:secret@h:99999/", "a"],
            "index-url 'http://****@h:99999/': Port out of range 0-65535",
            id="index-port",
        ),
        pytest.param(
            ["--index-url", "http://me:sec@ret@[h/", "a"],
            "index-url 'http://****@[h/': Invalid IPv6 URL",
            id="index-ipv6",
        ),
        pytest.param(
            ["--extra-index-url", "https:///simple", "a"],
            "index-url 'https:///simple': a URL without a host",
            id="index-host",
        ),
        pytest.param(
            ["-f", "http://me:secret@\u2100.com/", "a"],
            "find-links 'http://****@\u2100.com/': netloc '****@\u2100.com' contains invalid…",
            id="links-host",
        ),
        pytest.param(
            ["--build-constraint", "http://[bad", "a"],
            "build-constraint 'http://[bad': Invalid IPv6 URL",
            id="build-constraint-ipv6",
        ),
        pytest.param(
            ["-r", "http://h:99999/x"],
            "(no URL): it cannot be read: Port out of range 0-65535",
            id="no-port",
        ),
        pytest.param(["-c", "gone.txt", "a"], "gone.txt: no such file", id="constraints"),
        pytest.param(
            ["a", "--timeout", "soon"], "option --timeout: invalid floating-point value: 'soon'", id="value"
        ),
        pytest.param(
            ["a", "--no-binary", "-x"],
            "--no-binary / --only-binary option requires 1 argument.",
            id="callback",
        ),
        pytest.param(
            ["a", "--user", "--target", "t"], "Can not combine '--user' and '--target'", id="contradiction"
        ),
        pytest.param(
            ["a", "--no-build-isolation", "--build-constraint", "c.txt"],
            "--build-constraint cannot be used with --no-build-isolation.",
            id="build-constraints",
        ),
        pytest.param(
            ["a", "--index-url", "simple"], "index-url 'simple' is neither a URL nor a folder", id="index"
        ),
        pytest.param(["a", "--python", "gone"], "--python gone: there is no Python interpreter", id="python"),
        pytest.param(
            ["-r", "pylock.toml"],
            "pylock.toml: no such file" if Version("26.3") <= PIP else f"pylock.toml{TOO_OLD}",
            id="lock",
        ),
        pytest.param(
            ["-r", "pylock.x.toml[e]"],
            "pylock.x.toml: no such file" if Version("26.3") <= PIP else f"pylock.x.toml[e]{TOO_OLD}",
            id="lock-extra",
        ),
        pytest.param(
            ["a", "--use-deprecated", "legacy-resolver"],
            "--use-deprecated is not supported: the plan is made by pip's current resolver, not by "
            "legacy-resolver",
            id="refused",
        ),
        pytest.param(
            ["--group", "dev"], "pyproject.toml not found. Cannot resolve '--group' option.", id="group"
        ),
        pytest.param(
            ["https://u:secret@h/a.whl"],
            "Invalid wheel filename (wrong number of parts): 'a'",
            id="wheel-name",
        ),
        pytest.param(
            ["a @ https://u:secret@h/a.zip; nonsense"],
            "Invalid requirement: 'a @ https://****@h/a.zip…",
            id="credentials",
        ),
    ],
)
def test_wrong_words_are_one_line(argv: list[str], message: str) -> None:
    """What pip would say in several lines, with usage, is one sentence here."""
    said = refuse(*argv)
    head, _, _ = message.partition("…")
    assert said.startswith(head)
    assert said == message or "…" in message
    assert "secret" not in said
    assert "\n" not in said


def test_a_file_that_is_no_text() -> None:
    """Bytes in an encoding that does not exist are a usage error, not a traceback."""
    Path("r.txt").write_bytes(b"# coding: nonsense\na\n")
    assert refuse("-r", "r.txt") == "r.txt: it cannot be read: unknown encoding: nonsense"


@SINCE_26_0
def test_pre_excludes_release_control() -> None:
    """As in pip."""
    said = refuse("a", "--pre", "--only-final", "b")
    assert said == "--pre cannot be used with --all-releases or --only-final."


@SINCE_26_2
def test_hashes_cannot_be_both_required_and_not() -> None:
    """Also where one of the two options stands in a file."""
    said = refuse("--no-require-hashes", "-r", write("r.txt", "--require-hashes", "a"))
    assert said == "--require-hashes and --no-require-hashes are mutually exclusive"


# --- options -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "plan", "build", "install"),
    [
        pytest.param(["-U"], ["--upgrade"], [], [], id="upgrade"),
        pytest.param(["--pre"], PRE, PRE, [], id="pre"),
        pytest.param(
            ["--no-binary", ":all:", "--only-binary", "b,a"],
            ["--no-binary=:all:", "--only-binary=a,b"],
            ["--no-binary=:all:", "--only-binary=a,b"],
            [],
            id="formats",
        ),
        pytest.param(["--no-deps"], ["--no-deps"], [], ["--no-deps"], id="no-deps"),
        pytest.param(["--require-hashes"], ["--require-hashes"], [], [], id="require-hashes"),
        pytest.param(["--no-build-isolation"], *[["--no-build-isolation"]] * 3, id="no-build-isolation"),
        pytest.param(
            ["--no-compile", "--root-user-action=ignore"],
            [],
            [],
            ["--no-compile", "--root-user-action=ignore"],
            id="install-only",
        ),
        pytest.param(["--no-user"], ["--no-user"], [], ["--no-user"], id="no-user"),
        pytest.param(
            ["--no-warn-script-location", "--no-warn-conflicts"],
            [],
            [],
            ["--no-warn-script-location", "--no-warn-conflicts"],
            id="warnings",
        ),
        pytest.param(
            ["--check-build-dependencies"], *[["--check-build-dependencies"]] * 3, id="check-build-deps"
        ),
        pytest.param(
            ["--only-final=:all:", "--all-releases=a,b"],
            *[["--only-final=:all:", "--all-releases=a,b"]] * 2,
            [],
            marks=SINCE_26_0,
            id="release-control",
        ),
    ],
)
def test_options_become_words(argv: list[str], plan: list[str], build: list[str], install: list[str]) -> None:
    """Each child gets what concerns it."""
    found = read("a", *argv)
    assert (found.plan_options, found.build_options, found.install_options) == (
        tuple(plan),
        tuple(build),
        tuple(install),
    )
    assert not found.one_call


def test_options_without_effect() -> None:
    """Some ask for what is so anyway; nothing of them reaches a child, or says anything of a setting."""
    since_26_2 = ("--refresh-package=a",) if Version("26.2") <= PIP else ()
    found = read(
        "a",
        "--quiet",
        "--no-color",
        "--no-input",
        "--disable-pip-version-check",
        "--no-python-version-warning",
        "--no-clean",
        "--debug",
        "--use-pep517",
        *since_26_2,
    )
    assert (found.plan_options, found.build_options, found.install_options) == ((), (), ())
    assert found.implied == {}


def test_what_pips_patience_stands_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given is what the command line or configuration says, pip's own default value too; no child gets it."""
    assert read("a").implied == {}
    monkeypatch.setenv("PIP_RETRIES", "2")
    found = read("a", "--timeout=15", "--progress-bar=off")
    assert found.implied["connect_timeout_s"] == ("--timeout", "15")
    assert found.implied["tries"] == ("--retries", "3")
    assert found.implied["progress"] == ("--progress-bar", "log")
    assert (found.plan_options, found.build_options, found.install_options) == ((), (), ())


def test_features_of_a_file_hold_in_every_reading() -> None:
    """A command line may be read several times, and pip's line parser remembers the features of a file."""
    name = write("r.txt", "--use-feature=fast-deps", "a")
    for _ in range(2):
        assert read("-r", name).plan_options == ("--use-feature=fast-deps",)
    assert read("a").plan_options == ()


def test_words_read_back_the_same() -> None:
    """What is written for the planning pip means to it what the command line means."""
    argv = [
        "a",
        "-U",
        "--pre",
        "--only-binary=:all:",
        "--platform=any",
        "--python-version=3.11",
        "--abi=none",
        "--implementation=py",
        "--target=t",
        "--ignore-requires-python",
        "--prefer-binary",
        "--upgrade-strategy=eager",
        "--src=s",
        "--exists-action=i",
        "--require-virtualenv",
    ]
    first = read(*argv)
    assert read("a", *first.plan_options).plan_options == first.plan_options
    assert len(first.plan_options) == len(argv) - 1


@SINCE_26_0
def test_upload_time_is_fixed_once() -> None:
    """A date has the zone of this machine; every child then takes the same moment."""
    found = read("a", "--uploaded-prior-to", "2026-01-02T03:04:05Z").plan_options
    assert found == ("--uploaded-prior-to=2026-01-02T03:04:05+00:00",)


@pytest.mark.parametrize("option", ["--target", "--prefix", "--root"])
def test_a_location_means_one_install_call(option: str, folder: Path) -> None:
    """The folder is absolute, whatever folder the children run in."""
    found = read("a", option, "t")
    word = f"{option}={folder / 't'}"
    assert (found.location, found.one_call, found.plan_options, found.install_options) == (
        str(folder / "t"),
        True,
        (word,),
        (word,),
    )


@pytest.mark.parametrize("option", ["--force-reinstall", "--ignore-installed"])
def test_reinstalling_means_one_install_call(option: str) -> None:
    """Else a group would reinstall what the groups before it brought."""
    found = read("a", option)
    assert (found.one_call, found.plan_options, found.install_options) == (True, (option,), (option,))


def test_what_this_program_acts_on_itself() -> None:
    """--user, --break-system-packages, --dry-run, -v, -q, --no-cache-dir, --python."""
    found = read(
        "a",
        "--user",
        "--break-system-packages",
        "--dry-run",
        "-vv",
        "-q",
        "--no-cache-dir",
        "--python",
        sys.executable,
    )
    assert (found.user, found.break_system_packages, found.dry_run, found.verbosity) == (True, True, True, 1)
    assert (found.pip_cache_dir, found.python) == (None, sys.executable)


def test_python_may_be_an_environment(folder: Path) -> None:
    """--python of a folder is the interpreter in it, as in pip."""
    write("env/bin/python")
    assert read("a", "--python", str(folder / "env")).python == str(folder / "env/bin/python")


def test_the_network(folder: Path) -> None:
    """A proxy is no word: on a flag it would catch the gateway too, and show its password."""
    found = read(
        "a", "--cert", "c.pem", "--client-cert", "k.pem", "--proxy", "http://u:p@proxy:1",
        "--trusted-host", "h:1", "--keyring-provider", "disabled",
    )  # fmt: skip
    assert found.network == Network(
        cert=str(folder / "c.pem"),
        client_cert=str(folder / "k.pem"),
        proxy="http://u:p@proxy:1",
        trusted_hosts=("h:1",),
        keyring_provider="disabled",
    )
    assert found.network_options == (
        f"--cert={folder / 'c.pem'}",
        f"--client-cert={folder / 'k.pem'}",
        "--trusted-host=h:1",
        "--keyring-provider=disabled",
    )


@pytest.mark.parametrize(
    ("words", "network"),
    [
        pytest.param((), Network(keyring_provider="auto"), id="auto"),
        pytest.param(("--no-input",), Network(keyring_provider="disabled"), id="no input"),
        pytest.param(
            ("--no-input", "--keyring-provider=import"), Network(keyring_provider="import"), id="named"
        ),
        pytest.param(("--use-deprecated=legacy-certs",), Network(legacy_certs=True), id="legacy-certs"),
    ],
)
def test_keyring_and_the_store(words: tuple[str, ...], network: Network) -> None:
    """Without input keyring has to be named, as in pip; the system's certificates may be left out."""
    assert read("a", *words).network == network


@SINCE_26_2
@pytest.mark.parametrize("option", ["--proxy=", "--no-proxy-env"])
def test_no_proxy_at_all(option: str) -> None:
    """Empty is not the same as not given: the environment's proxy is not used either."""
    assert read("a", option).network == Network(proxy="")


# --- indexes -----------------------------------------------------------------------------------------


def test_indexes_and_links_of_the_command_line(folder: Path) -> None:
    """In pip's order; folders become URLs."""
    for name in ("simple", "wheels"):
        Path(name).mkdir()
    found = read(
        "a", "-i", "simple", "--extra-index-url", "https://two/simple", "-f", "wheels", "-f", "https://l/"
    )
    assert found.index_urls == ((folder / "simple").as_uri(), "https://two/simple")
    assert found.find_links == ((folder / "wheels").as_uri(), "https://l/")
    assert found.plan_options == ()


def test_missing_links_are_left_out_with_a_warning() -> None:
    """As in pip, which ignores such a place and says so."""
    found = read("a", "--find-links", "gone")
    assert found.find_links == ()
    assert found.warnings == ("find-links 'gone' is ignored: there is no such folder or file",)


def test_no_index() -> None:
    """No index is left, only --find-links."""
    found = read("a", "--no-index", "--extra-index-url", "https://two/simple", "--find-links", "https://l/")
    assert (found.index_urls, found.find_links) == ((), ("https://l/",))


def test_option_lines_of_a_file(folder: Path) -> None:
    """They change what the command line says as they do in pip: --index-url in a file wins."""
    (folder / "sub/wheels").mkdir(parents=True)
    write(
        "sub/r.txt",
        "--index-url https://file/simple",
        "--extra-index-url https://more/simple",
        "--find-links wheels",
        "--trusted-host file",
        "--prefer-binary",
        "--no-binary a",
        "--only-binary b",
        "--use-feature fast-deps",
        "--require-hashes",
        "--pre",  # pip 26.0 forgets it where another option line follows
        "a==1 --hash=sha256:1",
    )
    found = read("-r", "sub/r.txt", "-i", "https://line/simple", "--trusted-host", "line", "--no-binary", "c")
    assert found.index_urls == ("https://file/simple", "https://more/simple")
    assert found.find_links == ((folder / "sub/wheels").as_uri(),)
    assert found.network.trusted_hosts == ("line", "file")
    assert found.network_options == ("--trusted-host=line", "--trusted-host=file")
    assert set(found.plan_options) == {
        "--require-hashes",
        *PRE,
        "--no-binary=a,c",
        "--only-binary=b",
        "--prefer-binary",
        "--use-feature=fast-deps",
    }


def test_no_index_in_a_file() -> None:
    """It empties the list for the whole run."""
    assert read("-r", write("r.txt", "--no-index", "a")).index_urls == ()


def test_a_hash_without_a_requirement_is_warned_of() -> None:
    """What pip warns of is kept, not shown."""
    (warning,) = read("a", "-r", write("r.txt", "--hash=sha256:1")).warnings
    assert warning == "r.txt line 1 has --hash but no requirement, and will be ignored."


def test_build_constraints(folder: Path) -> None:
    """Passed on by absolute name."""
    found = read("a", "--build-constraint", write("b.txt", "setuptools<80"))
    word = f"--build-constraint={folder / 'b.txt'}"
    assert (found.plan_options, found.build_options, found.install_options) == ((word,), (word,), (word,))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param(
            "--extra-index-url https://x/",
            "b.txt:2: a build constraints file cannot name an index",
            id="index",
        ),
        pytest.param("-c gone.txt", "b.txt:2: gone.txt: no such file", id="missing"),
    ],
)
def test_build_constraints_do_not_lead_past_the_gateway(line: str, message: str) -> None:
    """The pip of an isolated build reads that file itself."""
    assert refuse("a", "--build-constraint", write("b.txt", "setuptools<80", line)) == message


def test_build_constraints_behind_urls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their lines are told, nested files included, however they are named; local files stay options."""
    near = write("near.txt", "-c https://x/far.txt", "b<2")
    at = (folder / write("at.txt", "d")).as_uri()
    monkeypatch.setenv("PIP_BUILD_CONSTRAINT", f"https://x/one.txt {near} {at} {write('c.txt', 'c<3')}")
    assert [file.url for file in read("a").unread] == ["https://x/one.txt", "https://x/far.txt"]
    texts = {
        "https://x/one.txt": "# none\n--no-binary e\n-c far.txt",
        "https://x/far.txt": "f \\\n<4",
    }
    install, _ = read_install(["a"], texts)
    assert install.build_constraints == ("--no-binary e", "f <4", "f <4", "b<2", "d")
    words = (f"--build-constraint={folder / 'c.txt'}",)
    assert (install.plan_options, install.build_options, install.install_options) == (words, words, words)


# --- where the command stands ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "count"),
    [
        pytest.param("install y", 0, id="none"),
        pytest.param("install --tries 3", 0, id="behind"),
        pytest.param("--python install install install", 2, id="value-like-a-command"),
        pytest.param("-vq --no-cache-dir --log=x --trusted-host h install", 5, id="general-options"),
        pytest.param("--deadline 5m --tries=3 install", 3, id="our-options"),
        pytest.param("--tries 3", 2, id="no-command"),
        pytest.param("-U install", 0, id="option-of-a-command"),
        pytest.param("-q -r install", 0, id="option-of-a-command-later"),
        pytest.param("--timeout x install", 0, id="wrong-value"),
        pytest.param("--help install", 0, id="help"),
    ],
)
def test_leading_options(words: str, count: int) -> None:
    """Pip's general options and ours, values included; nothing is guessed behind any other."""
    assert leading_options(words.split()) == count


# --- configuration -----------------------------------------------------------------------------------


def test_pip_conf_and_environment_and_command_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They merge as in pip: the command line beats PIP_*, which beats the file; lists are replaced."""
    write("limits.txt", "b<2")
    write(
        "pip.conf",
        "[global]",
        "index-url = https://conf/simple",
        "extra-index-url = https://one/simple",
        "    https://two/simple",
        "timeout = 60",
        "[install]",
        "no-binary = a",
        f"constraint = {folder / 'limits.txt'}",
        "upgrade-strategy = eager",
        "no-compile = no",
        f"find-links = {folder}",
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(folder / "pip.conf"))
    monkeypatch.setenv("PIP_UPGRADE_STRATEGY", "only-if-needed")
    monkeypatch.setenv("PIP_NO_DEPS", "1")
    found = read("a", "--index-url", "https://line/simple")
    assert found.index_urls == ("https://line/simple", "https://one/simple", "https://two/simple")
    assert found.find_links == (folder.as_uri(),)
    assert [str(one) for one in found.constraints] == ["limits.txt:1: b<2"]
    assert found.plan_options == ("--no-deps", "--no-binary=a")
    assert found.install_options == ("--no-deps", "--no-compile")


@pytest.mark.parametrize(
    ("named", "linked"),
    [
        pytest.param("venv", False, id="environment"),
        pytest.param("venv/bin/python", False, id="its-interpreter"),
        pytest.param("links/python", True, id="link-to-an-interpreter"),
    ],
)
def test_the_site_file_is_that_of_the_target(
    folder: Path, monkeypatch: pytest.MonkeyPatch, named: str, *, linked: bool
) -> None:
    """`pip --python` reads its configuration where it runs, not where it was started."""
    for name in ("venv/bin", "links"):
        (folder / name).mkdir(parents=True)
    write("venv/bin/python", "")
    if not linked:
        write("venv/pyvenv.cfg", "")
    (folder / "links" / "python").symlink_to(folder / "venv" / "bin" / "python")
    write("venv/pip.conf", "[install]", "no-deps = yes")
    monkeypatch.setenv("PIP_CONFIG_FILE", "")
    assert read("a").plan_options == ()
    assert read("a", "--python", named).plan_options == ("--no-deps",)
    assert read("a", f"--python={named}").plan_options == ("--no-deps",)
    monkeypatch.setenv("PIP_PYTHON", named)
    assert read("a").plan_options == ("--no-deps",)


def test_constraints_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """PIP_CONSTRAINT names files, separated by white space."""
    monkeypatch.setenv("PIP_CONSTRAINT", f"{write('one.txt', 'a<2')} {write('two.txt', 'b<3')}")
    assert [str(one) for one in read("a").constraints] == ["one.txt:1: a<2", "two.txt:1: b<3"]


def test_isolated_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """--isolated, as in pip."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://variable/simple")
    assert read("a").index_urls == ("https://variable/simple",)
    assert read("a", "--isolated").index_urls == (PYPI,)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("PIP_TIMEOUT", "soon", id="bad-number"),
        pytest.param("PIP_NO_INDEX", "perhaps", id="bad-switch"),
        pytest.param("PIP_VERBOSE", "-1", id="bad-count"),
        pytest.param("PIP_CONFIG_FILE", "pip.conf", id="bad-file"),
    ],
)
def test_wrong_configuration_is_one_line(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where pip leaves with exit code 3 or 2 and several lines."""
    write("pip.conf", "nonsense")
    monkeypatch.setenv(variable, value)
    assert "\n" not in refuse("a")
    assert capfd.readouterr().err == ""


# --- this program's own options ----------------------------------------------------------------------


def test_own_options_are_given_as_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """By field name, or flag; pip's configuration does not reach them."""
    monkeypatch.setenv("PIP_PARALLEL", "1")
    monkeypatch.setenv("PIP_TRIES", "nonsense")
    install, given = read_install(
        ["a", "--stall-timeout", "9", "--index-failure-skip=x", "--index-failure-skip", "y", "--json"],
        flags={"--json": "as JSON", "--other": "not given"},
    )
    assert given == {"stall_timeout_s": "9", "index_failure_skip": ["x", "y"], "--json": ""}
    assert install.plan_options == ()


def test_more_options_may_be_added() -> None:
    """Rows beside the settings', with a field name that pip uses too."""
    row = Option(
        field_name="upgrade",
        flag="--from-here",
        variable="",
        key="",
        read=str,
        help="",
        many=False,
        default=None,
    )
    install, given = read_install(["a", "--from-here", "g"], extra_options=(*OPTIONS, row))
    assert (given, install.plan_options) == ({"upgrade": "g"}, ())


def test_abbreviations_of_pip_stay_its_own() -> None:
    """`--index URL` is --index-url although --index-failure-skip begins so too; ours abbreviate as well."""
    assert read("a", "--index", "https://x/simple").index_urls == ("https://x/simple",)
    assert read_install(["a", "--hear", "5"])[1] == {"heartbeat_s": "5"}
    assert refuse("a", "--no-b").startswith("ambiguous option: --no-b")


def test_help_shows_own_options_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Then pip's; exit code 0."""
    with pytest.raises(SystemExit) as left:
        read_install(["--help"], flags={"--json": "print the plan as JSON"}, prog="resilient-pip plan")
    shown = capsys.readouterr()
    assert left.value.code == 0
    assert shown.err == ""
    heads = [
        "resilient-pip plan [options] <",
        "resilient-pip Options:",
        "--json",
        "--stall-timeout <time>",
        "Install Options:",
        "--requirement",
    ]
    assert [shown.out.find(head) for head in heads] == sorted(shown.out.find(head) for head in heads)
    assert -1 not in [shown.out.find(head) for head in heads]


# --- files behind URLs -------------------------------------------------------------------------------


def read_with(fetched: dict[str, str], *argv: str) -> Install:
    """Read words while the texts of these URLs are here."""
    return read_install(argv, fetched)[0]


def test_files_behind_urls_are_asked_for_level_by_level(folder: Path) -> None:
    """What is not here is listed with the line that names it, and is read once it is."""
    (folder / "r.txt").write_text("a\n-r http://u:secret@h/r.txt\n-c http://h/c.txt\n")
    argv = ("-r", "r.txt", "-c", "http://h/c.txt")
    first = read_with({}, *argv)
    assert [one.text for one in first.requirements] == ["a"]
    assert first.unread == (
        UnreadFile(url="http://h/c.txt"),
        UnreadFile(url="http://u:secret@h/r.txt", source=SourceLine(file="r.txt", line=2)),
    )
    fetched = {"http://h/c.txt": "a<2\n", "http://u:secret@h/r.txt": "b\n-r sub/more.txt\n"}
    second = read_with(fetched, *argv)
    more = UnreadFile(url="http://u:secret@h/sub/more.txt", source=SourceLine(file="http://h/r.txt", line=2))
    assert second.unread == (more,)
    third = read_with({**fetched, more.url: "c  # resilient-pip: group=g\n"}, *argv)
    assert third.unread == ()
    assert [str(one) for one in third.requirements] == [
        "r.txt:1: a",
        "http://h/r.txt:1: b",
        "http://h/sub/more.txt:1: c",
    ]
    assert third.requirements[-1].directive.group == "g"
    assert [str(one) for one in third.constraints] == ["http://h/c.txt:1: a<2"] * 2


def test_options_in_a_file_behind_a_url() -> None:
    """They hold as in any other file, and reading again forgets nothing and doubles nothing."""
    argv = ("-r", "https://h/r.txt", "--extra-index-url", "https://two/simple")
    first = read_with({}, *argv)
    text = "--index-url https://one/simple\n--extra-index-url https://three/simple\n--pre\na\n"
    for _ in range(2):
        found = read_with({"https://h/r.txt": text}, *argv)
        assert found.index_urls == ("https://one/simple", "https://three/simple")
    assert first.index_urls == (PYPI, "https://two/simple")


def test_a_wrong_line_of_a_file_behind_a_url() -> None:
    """It is named by its URL, without credentials."""
    with pytest.raises(UsageError, match=r"^http://h/r\.txt:2: ") as caught:
        read_with({"http://u:secret@h/r.txt": "a\n--nonsense\n"}, "-r", "http://u:secret@h/r.txt")
    assert "secret" not in str(caught.value)


def test_files_behind_urls_that_name_each_other() -> None:
    """A circle is pip's error."""
    fetched = {"http://h/r.txt": "-r s.txt\n", "http://h/s.txt": "-r r.txt\n"}
    with pytest.raises(UsageError, match="recursively references itself"):
        read_with(fetched, "-r", "http://h/r.txt")


def test_options_by_their_spellings() -> None:
    """Each with its first long spelling, and whether the next word is its value."""
    options = install_options()
    expected = {
        "-q": ("--quiet", False),
        "--no-cache-dir": ("--no-cache-dir", False),
        "--default-timeout": ("--timeout", True),
        "--pypi-url": ("--index-url", True),
        "-r": ("--requirement", True),
    }
    assert {spelling: options[spelling] for spelling in expected} == expected


def test_what_a_client_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that pip's configuration says, but for what leads past the gateway, however that is spelled."""
    monkeypatch.setenv("PIP_CONFIG_FILE", write("pip.conf", "[install]", "pypi-url = https://x", "pre = yes"))
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "5")
    monkeypatch.setenv("PIP_NO_COLOR", "1")
    leading = Leading(dests=frozenset({"index_url"}), usage="", description="")
    _, call, _ = read_client(["--", "pip", "check"], leading=leading, prog="exec")
    assert call.command == ("pip", "check")
    assert {"PIP_PRE": "yes", "PIP_NO_COLOR": "1"}.items() <= call.variables.items()
    assert call.variables.keys().isdisjoint({"PIP_PYPI_URL", "PIP_DEFAULT_TIMEOUT"})
