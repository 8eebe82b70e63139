"""What `resilient-pip lint` finds, rule by rule, and what it leaves in peace."""

from __future__ import annotations

import pytest

from resilient_pip.lint_command.checking import check
from resilient_pip.lint_command.excerpt import line_of

MOUNT = "--mount=type=cache,target=/root/.cache/pip"
BASH = 'SHELL ["/bin/bash", "-o", "pipefail", "-ec"]'


def found(rule: str, *lines: str) -> list[tuple[int, str]]:
    """The lines where a rule finds something below `FROM x`, from 1, and what is written there."""
    text = "\n".join(("FROM x", *lines, ""))
    return [
        (line_of(text, one.start) - 1, " ".join(text[one.start : one.end].replace("\\\n", " ").split()))
        for one in check(text)
        if one.rule == rule
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["RUN pip install a>=1"], [(1, "a>=1")], id="at-least"),
        pytest.param(
            ["RUN pip install a>1 b<2 c<=3"], [(1, "a>1"), (1, "b<2"), (1, "c<=3")], id="all-operators"
        ),
        pytest.param(["RUN pip install 'a' b<4.21,>=3.20"], [(1, "b<4.21,>=3.20")], id="two-in-one"),
        pytest.param(["RUN pip install a >=1 b >= 2"], [(1, "a >=1"), (1, "b >= 2")], id="spaces"),
        pytest.param(["RUN pip install a[b]>=1"], [(1, "a[b]>=1")], id="extra"),
        pytest.param(["RUN pip install a>=$V b>=${W}"], [(1, "a>=$V"), (1, "b>=${W}")], id="variables"),
        pytest.param(['RUN pip install "a">=1'], [(1, '"a">=1')], id="half-quoted"),
        pytest.param(
            ["RUN pip install \\", "    a \\", "    # why", "    b>=1"], [(4, "b>=1")], id="its-own-line"
        ),
        pytest.param(["run python3 -m pip install a>=1"], [(1, "a>=1")], id="lower-case"),
        pytest.param(["RUN resilient-pip a>=1"], [(1, "a>=1")], id="resilient-pip"),
        pytest.param(["RUN resilient-pip plan a>=1"], [(1, "a>=1")], id="plan"),
        pytest.param(["RUN sh -c 'pip install a>=1'"], [(1, "a>=1")], id="other-shell"),
        pytest.param(['RUN ["bash", "-lc", "pip install a>=1"]'], [(1, "a>=1")], id="exec-form-of-a-shell"),
        pytest.param(["RUN <<EOF", "pip install a>=1", "EOF"], [(2, "a>=1")], id="heredoc"),
        pytest.param(["RUN bash -e <<'EOF'", "pip install a>=1", "EOF"], [(2, "a>=1")], id="heredoc-of-bash"),
        pytest.param(["RUN <<EOF", "#!/bin/bash -e", "pip install a>=1", "EOF"], [(3, "a>=1")], id="shebang"),
        pytest.param(["ONBUILD RUN pip install a>=1"], [(1, "a>=1")], id="onbuild"),
        pytest.param(["RUN (for x in y; do pip install a>=1; done)"], [(1, "a>=1")], id="loop-in-subshell"),
    ],
)
def test_redirection(lines: list[str], expected: list[tuple[int, str]]) -> None:
    """What the shell takes for a redirection is named where it stands."""
    assert found("redirection", *lines) == expected


@pytest.mark.parametrize(
    "line",
    [
        "RUN pip install 'a>=1' \"b<2\" c\\>=3 d==4 e~=5 f!=6",
        "RUN pip install a >log 2>&1",
        "RUN pip install a>/dev/null",
        "RUN pip install a > out.txt",
        "RUN pip install -r r.txt >1",
        "RUN pip install a <input",
        "RUN echo a>=1",
        'RUN ["pip", "install", "a>=1"]',
        "RUN python3 <<EOF\npip install a>=1\nEOF",
        "RUN <<EOF\n#!/usr/bin/env python3\npip install a>=1\nEOF",
        'SHELL ["powershell", "-Command"]\nRUN pip install a>=1',
        "COPY <<EOF /x\nRUN pip install a>=1\nEOF",
        "# RUN pip install a>=1",
    ],
)
def test_no_redirection(line: str) -> None:
    """Quotes, files that are meant, and what no shell reads."""
    assert found("redirection", line) == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["RUN pip install a || true"], [(1, "|| true")], id="or-true"),
        pytest.param(["RUN pip install a || :"], [(1, "|| :")], id="or-colon"),
        pytest.param(["RUN pip install a || echo no"], [(1, "|| echo no")], id="or-echo"),
        pytest.param(
            ["RUN pip install a || (echo no; sleep 1)"], [(1, "|| (echo no; sleep 1)")], id="or-group"
        ),
        pytest.param(["RUN pip install a || exit 0"], [(1, "|| exit 0")], id="or-exit-0"),
        pytest.param(["RUN pip install a \\", "  || true && b"], [(2, "|| true")], id="its-own-line"),
        pytest.param(["RUN cd x && (pip install a && b) || true"], [(1, "|| true")], id="group"),
        pytest.param(["RUN bash -c 'pip install a' || true"], [(1, "|| true")], id="around-another-shell"),
        pytest.param(["RUN bash -c 'pip install a || true'"], [(1, "|| true")], id="in-another-shell"),
        pytest.param(["RUN pip install a ; true"], [(1, "; true")], id="then-true"),
        pytest.param(["RUN pip install a; pip install b"], [(1, "pip install a")], id="semicolon"),
        pytest.param(
            ["RUN <<EOF", "pip install a", "pip install b", "EOF"], [(2, "pip install a")], id="heredoc"
        ),
        pytest.param(["RUN set -e; pip install a && b; c"], [(1, "pip install a && b")], id="left-of-and"),
        pytest.param(["RUN set -e; set +e; pip install a; b"], [(1, "pip install a")], id="set-off"),
        pytest.param(["RUN pip install a & wait"], [(1, "pip install a")], id="background"),
        pytest.param(["RUN pip install a | tee log"], [(1, "pip install a | tee log")], id="pipe"),
        pytest.param(
            ["RUN for p in a b; do pip install $p; done"],
            [(1, "for p in a b; do pip install $p; done")],
            id="loop",
        ),
        pytest.param(
            ["RUN for i in 1 2; do pip install a && break || sleep 5; done"],
            [(1, "|| sleep 5")],
            id="retry-loop",
        ),
    ],
)
def test_hidden_failure(lines: list[str], expected: list[tuple[int, str]]) -> None:
    """Whatever makes a failed install a RUN that succeeds."""
    assert found("hidden-failure", *lines) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["RUN pip install a"],
        ["RUN pip install a || exit 1"],
        ["RUN pip install a || { echo no; exit 1; }"],
        ["RUN pip install a || echo no && exit 1"],
        ["RUN pip install a || pip install b"],
        ["RUN pip uninstall -y a || true; pip install b"],
        ["RUN which pip || true && pip install b"],
        ["RUN set -eux; pip install a; b"],
        ["RUN set -o errexit; pip install a; b"],
        [BASH, "RUN pip install a | tee log; b"],
        ["RUN bash -eo pipefail -c 'pip install a | tee log; b'"],
        ["RUN set -o pipefail && pip install a | tee log"],
        ["RUN yes | pip install a"],
        ["RUN if b; then pip install a; else pip install c; fi"],
        ["RUN for i in 1 2; do pip install a && break; done"],
        ["RUN for p in a b; do pip install $p || exit 1; done"],
        ["RUN <<EOF", "set -e", "pip install a", "b", "EOF"],
        ["RUN <<EOF", "#!/bin/sh -e", "pip install a", "b", "EOF"],
        ["RUN echo 'pip install a || true'"],
    ],
)
def test_no_hidden_failure(lines: list[str]) -> None:
    """The RUN fails, or says why it need not."""
    assert found("hidden-failure", *lines) == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["RUN pip install a", "RUN pip install b"], [2], id="two-lines"),
        pytest.param(["RUN pip install a && python3 -m pip install b"], [1], id="one-line"),
        pytest.param(["RUN pip install -r r.txt", "COPY . .", "RUN pip install ."], [3], id="project"),
        pytest.param(["RUN resilient-pip a", "RUN resilient-pip b"], [2], id="resilient-pip"),
        pytest.param(
            ["RUN pip install a", "FROM x AS y", "RUN b", "FROM y", "RUN pip install b"], [], id="stages"
        ),
        pytest.param(["RUN pip install a", "RUN pip install --no-deps ."], [], id="no-deps"),
        pytest.param(["RUN pip install -U pip wheel && pip install a"], [], id="pip-itself"),
        pytest.param(["RUN pip install -c c a", "RUN pip install -c c b"], [], id="constraints"),
        pytest.param(["RUN pip install -c c a", "RUN pip install b"], [2], id="constraints-of-one"),
        pytest.param(["RUN /a/bin/pip install a", "RUN /b/bin/pip install b"], [], id="environments"),
        pytest.param(["RUN pip install -t /a a", "RUN pip install -t /b b"], [], id="targets"),
        pytest.param(["RUN if x; then pip install a; else pip install b; fi"], [], id="branches"),
        pytest.param(["RUN pip install a || pip install b"], [], id="fallback"),
        pytest.param(["RUN cat r.txt | xargs pip install"], [], id="xargs-at-once"),
        pytest.param(["RUN pip download a", "RUN pip install b"], [], id="download"),
        pytest.param(
            ["RUN resilient-pip --plan p --install-group a", "RUN resilient-pip --plan p --install-group b"],
            [],
            id="groups-of-a-plan",
        ),
    ],
)
def test_separate_installs(lines: list[str], expected: list[int]) -> None:
    """Installs into one environment whose versions are chosen apart."""
    assert [line for line, _ in found("separate-installs", *lines)] == expected


def test_installs_of_the_stage_below_count() -> None:
    """`FROM y` goes on where the stage y ended; every place is named."""
    text = "FROM x AS y\nRUN pip install a\nFROM y\nRUN pip install b\n"
    (finding,) = [one for one in check(text) if one.rule == "separate-installs"]
    assert (line_of(text, finding.start), "lines 2, 4" in finding.problem) == (4, True)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["RUN pip install a"], [(1, "pip install a")], id="none"),
        pytest.param(["RUN pip install --no-cache-dir a"], [(1, "--no-cache-dir")], id="no-cache"),
        pytest.param(["ENV PIP_NO_CACHE_DIR=1", "RUN pip install a"], [(2, "pip install a")], id="variable"),
        pytest.param(["RUN resilient-pip a"], [(1, "resilient-pip a")], id="resilient-pip"),
        pytest.param(["RUN pip install a && pip install b"], [(1, "pip install a")], id="once-per-run"),
        pytest.param(
            ["RUN --mount=type=cache,target=/var/cache/apt pip install a"], [(1, "pip install a")], id="apt"
        ),
        pytest.param(["ENV PIP_CACHE_DIR=/c", f"RUN {MOUNT} pip install a"], [], id="a-home-of-somebody"),
        pytest.param(
            ["ENV PIP_CACHE_DIR=/c", "RUN --mount=type=cache,target=/d pip install a"],
            [(2, "pip install a")],
            id="elsewhere",
        ),
        pytest.param([f"RUN {MOUNT} pip install a"], [], id="mount"),
        pytest.param(["RUN --mount=target=/root/.cache,type=cache pip install a"], [], id="mount-above"),
        pytest.param(["ENV PIP_CACHE_DIR=/c", "RUN --mount=type=cache,dst=/c pip install a"], [], id="moved"),
        pytest.param(
            ["ENV XDG_CACHE_HOME=/c", "RUN --mount=type=cache,target=/c/pip pip install a"],
            [],
            id="moved-by-xdg",
        ),
        pytest.param(["USER app", "RUN --mount=type=cache,target=/x,uid=1 pip install a"], [], id="user"),
        pytest.param(["RUN pip install --no-index -f /w a"], [], id="nothing-to-download"),
        pytest.param(["RUN resilient-pip --cache-mode discard a"], [], id="as-asked-for"),
        pytest.param(["RUN pip list"], [], id="no-install"),
    ],
)
def test_cache_mount(lines: list[str], expected: list[tuple[int, str]]) -> None:
    """Installs whose downloads nobody finds again."""
    assert found("cache-mount", *lines) == expected


@pytest.mark.parametrize(
    ("text", "target"),
    [
        pytest.param("RUN pip install a", "/root/.cache/pip", id="root"),
        pytest.param("USER app\nRUN pip install a", "HOME/.cache/pip,uid=UID,gid=GID", id="user"),
        pytest.param("RUN sudo -u app pip install a", "HOME/.cache/pip,uid=UID,gid=GID", id="sudo"),
        pytest.param("ENV PIP_CACHE_DIR=/c\nUSER app\nRUN pip install a", "/c", id="moved"),
    ],
)
def test_the_mount_to_write(text: str, target: str) -> None:
    """Root's folder is no place for anybody else."""
    (finding,) = (one for one in check(text) if one.rule == "cache-mount")
    assert finding.instead == f"RUN --mount=type=cache,target={target} …"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"RUN {MOUNT} pip install --no-cache-dir a"], [(1, "--no-cache-dir")]),
        ([f"RUN {MOUNT} pip --no-cache install a"], [(1, "--no-cache")]),
        (["ENV A=b PIP_NO_CACHE_DIR=off", f"RUN {MOUNT} pip install a"], [(1, "PIP_NO_CACHE_DIR")]),
        (["RUN pip install --no-cache-dir a"], []),
        ([f"RUN {MOUNT} pip install a"], []),
    ],
)
def test_no_cache_dir(lines: list[str], expected: list[tuple[int, str]]) -> None:
    """A cache mount beside an option that leaves it empty."""
    assert found("no-cache-dir", *lines) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"RUN {MOUNT} pip install a && pip cache purge", [(1, "pip cache purge")]),
        (f"RUN {MOUNT} pip install a && rm -rf ~/.cache/pip", [(1, "rm -rf ~/.cache/pip")]),
        (f"RUN {MOUNT} pip install a; rm -rf /root/.cache/*", [(1, "rm -rf /root/.cache/*")]),
        (f"RUN {MOUNT} rm -rf /tmp/x $HOME/.cache", [(1, "rm -rf /tmp/x $HOME/.cache")]),
        (f"RUN {MOUNT} pip install a && rm -rf /root/x", []),
        (f"RUN {MOUNT} pip install a && rm -rf /tmp/x", []),
        ("RUN pip install a && pip cache purge", []),
        ("RUN --mount=type=cache,target=/var/cache/apt rm -rf /var/cache/apt", []),
    ],
)
def test_cache_purge(line: str, expected: list[tuple[int, str]]) -> None:
    """What empties the mount that the next build was to find full."""
    assert found("cache-purge", line) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["RUN pip install --default-timeout=1000 a"], [(1, "--default-timeout=1000")]),
        (["RUN pip --timeout 100 install a"], [(1, "--timeout 100")]),
        (
            ["ENV PIP_DEFAULT_TIMEOUT=100", "RUN pip install a", "RUN pip install b"],
            [(1, "PIP_DEFAULT_TIMEOUT")],
        ),
        (["ENV PIP_TIMEOUT 100", "RUN pip install a"], [(1, "PIP_TIMEOUT")]),
        (["RUN PIP_DEFAULT_TIMEOUT=100 pip install a"], [(1, "PIP_DEFAULT_TIMEOUT=100 pip install a")]),
        (["RUN resilient-pip --timeout 9 a"], [(1, "--timeout 9")]),
        (["RUN pip install --timeout 15 a"], []),
        (["RUN pip install --timeout=$T a"], []),
        (["ENV PIP_DEFAULT_TIMEOUT=100", "RUN b"], []),
        (["RUN resilient-pip --stall-timeout 60 --deadline 1h a"], []),
        (["RUN timeout 600 pip install a"], []),
    ],
)
def test_read_timeout(lines: list[str], expected: list[tuple[int, str]]) -> None:
    """What is taken for a total limit and is none."""
    assert found("read-timeout", *lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["RUN pip install a && pip install b"], [1]),
        (["ENV PYTHONUNBUFFERED=1", "RUN pip install a"], [2]),
        (["RUN pip install --progress-bar raw -q a"], [1]),
        (["RUN resilient-pip a > /dev/null 2>&1"], [1]),
        (["RUN resilient-pip -q a"], [1]),
        (["RUN resilient-pip a 2>/dev/null"], []),
        (["RUN resilient-pip a"], []),
        (["RUN pip install --progress-bar=raw a"], []),
        (["ENV PIP_PROGRESS_BAR=raw", "RUN pip install a"], []),
        (["RUN pip list"], []),
    ],
)
def test_silence(lines: list[str], expected: list[int]) -> None:
    """Installs whose log says nothing for as long as they download."""
    assert [line for line, _ in found("silence", *lines)] == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["RUN pip install a && python x.py"], [(1, "python x.py")]),
        (["RUN pip install a && python3 -m a.download"], [(1, "python3 -m a.download")]),
        (["ENV PYTHONUNBUFFERED=1", "RUN pip install a && python x.py"], []),
        (["RUN pip install a && python -u x.py"], []),
        (["RUN pip install a && PYTHONUNBUFFERED=1 python x.py"], []),
        (["RUN python3 -m venv /v && /v/bin/pip install a"], []),
        (["RUN pip install a && python -c 'import a'"], []),
        (["RUN python x.py"], []),
    ],
)
def test_unbuffered(lines: list[str], expected: list[tuple[int, str]]) -> None:
    """Programs beside an install whose last words a log lacks."""
    assert found("unbuffered", *lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["# resilient-pip: ignore=silence", "RUN pip install a"], ["cache-mount"], id="above"),
        pytest.param(
            ["# resilient-pip: ignore=silence,cache-mount", "# and why", "RUN pip install a"], [], id="two"
        ),
        pytest.param(
            ["RUN pip install \\", "  # resilient-pip: ignore=silence", "  a"], ["cache-mount"], id="between"
        ),
        pytest.param(
            ["# resilient-pip: ignore=silence", "", "RUN pip install a"],
            ["cache-mount", "silence"],
            id="apart",
        ),
    ],
)
def test_ignored(lines: list[str], expected: list[str]) -> None:
    """A comment holds for the instruction below or around it."""
    assert [one.rule for one in check("\n".join(("FROM x", *lines, "")))] == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("FROM x\r\nRUN pip install \\\r\n  a>=1\r\n", id="crlf"),
        pytest.param("\ufeffFROM x\nRUN pip install \\\n  a>=1", id="bom"),
        pytest.param("# escape=`\nRUN pip install `\n  a>=1\n", id="escape"),
        pytest.param("\nRUN sh -c 'pip install \\\n  a>=1'\n", id="inside-quotes"),
    ],
)
def test_lines_are_those_of_the_file(text: str) -> None:
    """Whatever ends them, and whatever is put together."""
    (finding,) = [one for one in check(text) if one.rule == "redirection"]
    assert (line_of(text, finding.start), text[finding.start : finding.end]) == (3, "a>=1")
