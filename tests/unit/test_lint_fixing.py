"""What `resilient-pip lint --fix` writes, and what it leaves as it is."""

from __future__ import annotations

import pytest

from resilient_pip.lint_command.checking import check
from resilient_pip.lint_command.fixing import fix

MOUNT = "--mount=type=cache,target=/root/.cache/pip"
RUN = f"RUN {MOUNT}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(f"{RUN} pip install a>=1 b<2,>=1", f'{RUN} pip install "a>=1" "b<2,>=1"', id="quotes"),
        pytest.param(f"{RUN} pip install a>=$V", f'{RUN} pip install "a>=$V"', id="variable"),
        pytest.param(f"{RUN} pip install a >= 1", f'{RUN} pip install "a >= 1"', id="spaces"),
        pytest.param(
            f"{RUN} sh -c 'pip install a>=1'", f"{RUN} sh -c 'pip install \"a>=1\"'", id="in-single-quotes"
        ),
        pytest.param(
            f'{RUN} sh -c "pip install a>=1"', f'{RUN} sh -c "pip install \\"a>=1\\""', id="in-double-quotes"
        ),
        pytest.param(
            f'{RUN} ["sh", "-c", "pip install a>=1 || true"]',
            f'{RUN} ["sh", "-c", "pip install \\"a>=1\\""]',
            id="exec-form",
        ),
        pytest.param(
            f"{RUN} <<EOF\npip install a>=1\nEOF", f'{RUN} <<EOF\npip install "a>=1"\nEOF', id="heredoc"
        ),
        pytest.param(f"{RUN} pip install a || true", f"{RUN} pip install a", id="or-true"),
        pytest.param(f"{RUN} pip install a || : && b", f"{RUN} pip install a && b", id="or-colon"),
        pytest.param(
            f"{RUN} pip install a \\\n  || true \\\n  && b", f"{RUN} pip install a \\\n  && b", id="lines"
        ),
        pytest.param(f"{RUN} pip install a ; true", f"{RUN} pip install a", id="then-true"),
        pytest.param("RUN pip install a", f"{RUN} pip install a", id="mount"),
        pytest.param("run\tpip install a", f"run {MOUNT}\tpip install a", id="lower-case"),
        pytest.param("RUN resilient-pip a", f"{RUN} resilient-pip a", id="mount-of-resilient-pip"),
        pytest.param(
            "RUN pip install --no-cache-dir a", f"{RUN} pip install a", id="mount-instead-of-no-cache-dir"
        ),
        pytest.param(
            f"{RUN} pip install \\\n  --no-cache-dir \\\n  a", f"{RUN} pip install \\\n  a", id="no-cache-dir"
        ),
        pytest.param(f"{RUN} pip install a && pip cache purge", f"{RUN} pip install a", id="purge"),
        pytest.param(f"{RUN} pip install a; rm -rf ~/.cache/pip", f"{RUN} pip install a", id="remove"),
        pytest.param(f"{RUN} pip cache purge && pip install a", f"{RUN} pip install a", id="purge-first"),
        pytest.param(
            f"{RUN} pip install a && pip install -r b && pip install c",
            f"{RUN} pip install a -r b c",
            id="merge",
        ),
        pytest.param(
            f"{RUN} pip install -i x a && \\\n    pip install -i x b",
            f"{RUN} pip install -i x a \\\n        b",
            id="options",
        ),
        pytest.param(
            f"{RUN} resilient-pip a && resilient-pip b",
            f"{RUN} resilient-pip a b",
            id="merge-its-own",
        ),
        pytest.param(
            "RUN pip install -U pip && pip install a>=1 && pip install b || true",
            f'{RUN} pip install -U pip && pip install "a>=1" b',
            id="all-at-once",
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_is_certain_is_rewritten(before: str, after: str, newline: str) -> None:
    """Each as its author meant it, the rest of the file as it was."""
    above, below = "\ufeff# syntax=docker/dockerfile:1\nFROM x\n", "\n# the end  \n\n"
    written = fix(f"{above}{before}{below}".replace("\n", newline))
    assert written == f"{above}{after}{below}".replace("\n", newline)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'{RUN} pip install "a">=1', id="half-quoted"),
        pytest.param(f"{RUN} pip install a>=1.x", id="no-requirement"),
        pytest.param(f"{RUN} sh -c \"sh -c 'pip install a>=1'\"", id="shell-in-shell"),
        pytest.param(f'{RUN} ["sh", "-c", "\\u0070ip install a>=1 || true"]', id="escapes-in-json"),
        pytest.param(f"{RUN} pip install a || echo no", id="or-echo"),
        pytest.param(f"{RUN} pip install a \\\n  # why\n  || true", id="comment"),
        pytest.param(f"{RUN} pip install a; b", id="semicolon"),
        pytest.param("ENV PIP_NO_CACHE_DIR=1\nRUN pip install a", id="switched-off-above"),
        pytest.param("ENV PIP_CACHE_DIR=/c\nRUN pip install a", id="moved"),
        pytest.param("USER app\nRUN pip install a", id="user"),
        pytest.param("RUN sudo -u app pip install a", id="sudo"),
        pytest.param("RUN /usr/sbin/gosu app pip install a", id="gosu"),
        pytest.param("RUN --mount=type=cache,target=/var/cache/apt pip install a", id="other-mount"),
        pytest.param(f"{RUN} pip install > log --no-cache-dir a", id="redirection-between"),
        pytest.param(f"{RUN} pip install a && rm -rf /tmp/x ~/.cache/pip", id="other-folders"),
        pytest.param(f"{RUN} pip install a && pip install --no-build-isolation b", id="other-options"),
        pytest.param(f"{RUN} pip install -U a && pip install -U b", id="options-of-their-own"),
        pytest.param(f"{RUN} pip install a && pip install b --pre", id="options-behind"),
        pytest.param(f"{RUN} pip install a && pip install b > log", id="redirection"),
        pytest.param(f"{RUN} x || pip install a && pip install b", id="after-or"),
        pytest.param(f"{RUN} pip install a && b && pip install c", id="not-neighbours"),
        pytest.param(f"{RUN} pip install a \\\n  # b\n  && pip install b", id="comment-between"),
        pytest.param(f"{RUN} pip install a\n{RUN} pip install b", id="layers"),
        pytest.param(f"# resilient-pip: ignore=hidden-failure\n{RUN} pip install a || true", id="ignored"),
    ],
)
def test_what_is_not_certain_is_left(text: str) -> None:
    """Found, and not touched."""
    assert fix(f"{text}\n") == f"{text}\n"
    assert check(text)


def test_a_rule_that_is_ignored_rewrites_nothing() -> None:
    """--ignore holds for --fix as well."""
    text = "RUN pip install a>=1 || true\n"
    rules = {"cache-mount", "hidden-failure"}
    assert fix(text, ignored=rules) == 'RUN pip install "a>=1" || true\n'
