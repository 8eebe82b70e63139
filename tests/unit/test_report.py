"""The failure block and the summary, line by line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resilient_pip.advice import ADVICE
from resilient_pip.errors import (
    Attempt,
    AttemptsExhausted,
    ChildFailed,
    ChildKilled,
    DeadlineExceeded,
    Dropped,
    PlanError,
    Refused,
    ServerBusy,
    SourceError,
    Stalled,
    UsageError,
)
from resilient_pip.model import (
    Failure,
    Phase,
    Plan,
    Requirement,
    RunResult,
    SafeUrl,
    SourceLine,
    Stage,
    Statistics,
)
from resilient_pip.report import failure_block, summary
from tests.support.runs import PLAN

MB = 10**6
URL = SafeUrl("https://download.pytorch.org/whl/cpu/torch-2.9.1%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl")
WHEEL = "torch-2.9.1+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"
EIGHT_TRIES: tuple[SourceError, ...] = (
    Dropped(url=URL, reason="connection reset", received=9 * MB, expected=None),
    ServerBusy(url=URL, status=503),
    *[Stalled(url=URL, silent_s=30, received=71_300_000, expected=184_200_000)] * 6,
)


def exhausted(*errors: SourceError, kept: int = 0) -> AttemptsExhausted:
    """Give up after these tries."""
    attempts = tuple(Attempt(error=error, at_s=0.0, received=0) for error in errors)
    return AttemptsExhausted(url=URL, last=errors[-1], attempts=attempts, elapsed_s=281, kept=kept)


def test_block_of_a_download() -> None:
    """A download that was given up reads as in the design, with all its facts."""
    result = RunResult(
        exit_code=75,
        installed=("protobuf", "tensorflow", "tf2onnx"),
        not_reached=("transformers", "modelscope", "onnxruntime"),
        error=exhausted(*EIGHT_TRIES),
        failure=Failure(
            phase=Phase.DOWNLOAD,
            group="torch",
            group_number=3,
            group_count=4,
            package="torch 2.9.1+cpu",
            filename=WHEEL,
            size=184_200_000,
            url=URL,
            kept=71_300_000,
            requirement=Requirement(text="torch", source=SourceLine(file="requirements.txt", line=3)),
        ),
    )
    assert failure_block(result) == [
        'resilient-pip: FAILED  group 3/4 "torch"  phase download',
        "  package   torch 2.9.1+cpu  (torch-2.9.1+cpu-cp311-cp311-manylinux_2_28_x86_64.whl, 184.2 MB)",
        "  asked for requirements.txt:3: torch",
        f"  from      {URL}",
        "  cause     stalled: no data for 30 s at 71.3 MB (38 %)",
        "  tries     8 in 4 min 41 s: 6 stalls, 1 connection reset, 1 HTTP 503",
        "  kept      71.3 MB; the same command resumes there",
        "  installed protobuf, tensorflow, tf2onnx   not reached  transformers, modelscope, onnxruntime",
        f"  do        {ADVICE['stalled']}",
    ]


def test_block_of_a_page() -> None:
    """A failure before there is a plan says only what is known; one try needs no count."""
    result = RunResult(
        exit_code=1,
        error=exhausted(Refused(url=URL, status=404)),
        failure=Failure(phase=Phase.PLAN, package="torch"),
    )
    assert failure_block(result) == [
        "resilient-pip: FAILED  phase plan",
        "  package   torch",
        f"  from      {URL}",
        "  cause     HTTP 404",
        f"  do        {ADVICE['refused/404']}",
    ]


def test_block_of_a_conflict() -> None:
    """Pip's explanation keeps its lines and indentation; the requirement lines that take part follow."""
    error = PlanError(
        message="Cannot install a and b\n\nThe conflict is caused by:\n    a 1.0 depends on c<2\n",
        lines=("requirements.txt:1: a", "more.txt:7: b"),
    )
    result = RunResult(exit_code=1, error=error, failure=Failure(phase=Phase.PLAN))
    assert failure_block(result) == [
        "resilient-pip: FAILED  phase plan",
        "  asked for requirements.txt:1: a",
        "            more.txt:7: b",
        "  cause     Cannot install a and b",
        "            The conflict is caused by:",
        "                a 1.0 depends on c<2",
        f"  do        {ADVICE['no-solution']}",
    ]


def test_block_of_a_build() -> None:
    """A child's own words are bounded, without credentials, and its log is named."""
    words = ["\x1b[31merror\x1b[0m at https://me:secret@host/x", *(f"line {number}" for number in range(30))]
    error = ChildFailed(what="build flash 2.8", returncode=1, message="\n".join(words), log="logs/b.log")
    failure = Failure(phase=Phase.BUILD, group="flash", group_number=1, group_count=1)
    assert failure_block(RunResult(exit_code=1, error=error, failure=failure)) == [
        'resilient-pip: FAILED  group 1/1 "flash"  phase build',
        "  cause     build flash 2.8 ended with exit code 1",
        "            error at https://host/x",
        *[f"            line {number}" for number in range(18)],
        "            (12 more lines)",
        "  log       logs/b.log",
        f"  do        {ADVICE['pip-failed/build']}",
    ]


def test_block_of_a_silent_child() -> None:
    """A child that said nothing is described by its exit code."""
    error = ChildFailed(what="install torch", returncode=-9, message="")
    assert failure_block(RunResult(exit_code=1, error=error, failure=Failure(phase=Phase.INSTALL))) == [
        "resilient-pip: FAILED  phase install",
        "  cause     install torch ended with exit code -9",
        f"  do        {ADVICE['pip-failed']}",
    ]


def test_block_of_a_killed_child() -> None:
    """The signal stands by its name, and what may help."""
    error = ChildKilled(what="build of flash 2.8", returncode=1, message="gcc -c a.c", signal=9)
    assert failure_block(RunResult(exit_code=1, error=error, failure=Failure(phase=Phase.BUILD))) == [
        "resilient-pip: FAILED  phase build",
        "  cause     build of flash 2.8 was ended by SIGKILL",
        "            gcc -c a.c",
        f"  do        {ADVICE['child-killed']}",
    ]


def test_block_without_a_place() -> None:
    """An error that came with no place in the run still has cause and advice."""
    result = RunResult(exit_code=124, error=DeadlineExceeded(scope="the run", limit_s=600, kept=5 * MB))
    assert failure_block(result) == [
        "resilient-pip: FAILED",
        "  cause     the run did not finish within 10 min",
        "  kept      5.0 MB; the same command resumes there",
        f"  do        {ADVICE['deadline']}",
    ]


@pytest.mark.parametrize(
    ("mount", "kept"),
    [
        pytest.param("", [], id="discarded"),
        pytest.param(
            "/c",
            ["  kept      nothing; with RUN --mount=type=cache,target=/c the next build resumes"],
            id="no mount",
        ),
    ],
)
def test_block_of_a_run_that_keeps_nothing(mount: str, kept: list[str]) -> None:
    """It does not promise to resume, and names the mount that would have made it so."""
    error = DeadlineExceeded(scope="the run", limit_s=600)
    result = RunResult(exit_code=124, error=error, resumes=False, cache_mount=mount)
    assert failure_block(result) == [
        "resilient-pip: FAILED",
        "  cause     the run did not finish within 10 min",
        *kept,
        "  do        run the same command again; or allow a longer --deadline or --package-timeout",
    ]


def test_block_of_a_defect() -> None:
    """An error that is none of ours is named with its class."""
    result = RunResult(exit_code=70, error=KeyError("x"), failure=Failure(phase=Phase.CHECK, group="a"))
    assert failure_block(result) == [
        'resilient-pip: FAILED  group "a"  phase check',
        "  cause     KeyError: 'x'",
        f"  do        {ADVICE['internal']}",
    ]


def test_long_lists_are_shortened() -> None:
    """Many groups are counted, and two long lists do not share a line."""
    names = tuple(f"group-{number}" for number in range(20))
    result = RunResult(exit_code=1, error=KeyError("x"), installed=names, not_reached=("a", *names))
    assert failure_block(result)[2:4] == [
        "  installed group-0, group-1, group-2, group-3, group-4, group-5, group-6 and 13 more",
        "  not reached  a, group-0, group-1, group-2, group-3, group-4, group-5, group-6 and 13 more",
    ]


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(replace(PLAN, later=("flash-attn",)), id="planned-later"),
        pytest.param(Plan(stages=(*PLAN.stages, Stage(groups=()))), id="second-stage"),
    ],
)
def test_what_earlier_stages_have_installed_stays(plan: Plan) -> None:
    """The block says so."""
    result = RunResult(exit_code=1, plan=plan, error=KeyError("x"), installed=("a", "b"), not_reached=("c",))
    assert failure_block(result)[2] == "  installed a, b; they stay   not reached  c"


def test_nothing_installed() -> None:
    """Where nothing is installed, what was not reached stands alone."""
    result = RunResult(exit_code=1, error=KeyError("x"), not_reached=("b", "c"))
    assert failure_block(result)[2] == "  not reached  b, c"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(None, "resilient-pip: error: no such option: --x", id="command line"),
        pytest.param(
            SourceLine(file="r.txt", line=3),
            "resilient-pip: error: r.txt:3: no such option: --x",
            id="file",
        ),
    ],
)
def test_usage_error_is_one_line(source: SourceLine | None, expected: str) -> None:
    """Bad input gets one clear line."""
    error = UsageError(message="no such option: --x", source=source)
    assert failure_block(RunResult(exit_code=2, error=error)) == [expected]


def test_success_has_no_block() -> None:
    """A run that did not fail has no failure block."""
    assert failure_block(RunResult(exit_code=0)) == []


def test_summary() -> None:
    """A run that ended well says what it installed, moved and survived, and how long it took."""
    statistics = Statistics(
        phase_s={Phase.PLAN: 12.3, Phase.DOWNLOAD: 182.0, Phase.INSTALL: 52.0},
        downloaded=206 * MB,
        from_cache=70_000,
        requests=21,
        retries={"stall": 2, "HTTP 503": 1},
        retried={"torch": {"stall": 2}, "numpy": {"HTTP 503": 1}},
    )
    result = RunResult(
        exit_code=0, plan=PLAN, installed=("idna", "torch"), statistics=statistics, elapsed_s=243.0
    )
    assert summary(result) == [
        "resilient-pip: installed 3 packages in 2 groups, 4 min 3 s",
        "  satisfied numpy 1.26.4",
        "  moved     206.0 MB downloaded in 21 requests, 70.0 kB on disk already",
        "  phases    plan 12 s, download 3 min 2 s, install 52 s",
        "  survived  2 stalls, 1 HTTP 503 (numpy 1, torch 2)",
    ]


def test_summary_of_nothing_to_do() -> None:
    """Where everything is there already, the summary says so."""
    result = RunResult(exit_code=0, plan=Plan(stages=(), satisfied=("numpy 1.26.4",)), elapsed_s=0.84)
    assert summary(result) == [
        "resilient-pip: nothing to install, 0.8 s",
        "  satisfied numpy 1.26.4",
    ]


def test_summary_without_projects() -> None:
    """Survived retries are shown by cause alone where nobody counted them by project."""
    result = RunResult(exit_code=0, statistics=Statistics(retries={"stall": 1}), elapsed_s=20)
    assert summary(result) == ["resilient-pip: nothing to install, 20 s", "  survived  1 stall"]
