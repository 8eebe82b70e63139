"""What pip says of a network past the gateway, as an error of ours."""

from __future__ import annotations

import pytest

from resilient_pip.child.diagnose import Diagnosis
from resilient_pip.child.failure import error_of, failure_of
from resilient_pip.errors import ChildFailed, ChildKilled

URL = "https://host.test:8443/a/x-1.0.tar.gz"
POOL = "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='host.test', port={}): "


@pytest.mark.parametrize(
    ("lines", "code", "exit_code", "url", "text"),
    [
        pytest.param(
            [POOL.format(8443) + "Max retries exceeded with url: /a/x-1.0.tar.gz (Caused by ResponseError("
             "'too many 503 error responses'))"],
            "server-busy", 75, URL, "HTTP 503", id="503",
        ),
        pytest.param(
            [POOL.format(443) + "Max retries exceeded with url: /x (Caused by ReadTimeoutError("
             "\"HTTPSConnectionPool(host='host.test', port=443): Read timed out. (read timeout=15.0)\"))"],
            "stalled", 75, "https://host.test/x", "stalled: no data for 15 s at 0 B",
            id="old-pip-read-timeout",
        ),
        pytest.param(
            [POOL.format(443) + "Max retries exceeded with url: /x (Caused by NewConnectionError('no'))"],
            "unreachable", 69, "https://host.test/x", None, id="old-pip-refused",
        ),
        pytest.param(
            [f"  ERROR: HTTP error 404 while getting {URL}",
             f"ERROR: Could not install requirement x from {URL} because of HTTP error 404"],
            "refused", 1, URL, "HTTP 404", id="404",
        ),
        pytest.param(
            ["error: connection-timeout", "", f"× Unable to fetch {URL}",  # noqa: RUF001 - pip's own sign
             "╰─> host.test didn't respond within 15.0 seconds", "", "hint: This is"],
            "stalled", 75, URL, "stalled: no data for 15 s at 0 B", id="read-timeout",
        ),
        pytest.param(
            ["error: connection-timeout", "", f"× Unable to fetch {URL}",  # noqa: RUF001 - pip's own sign
             "╰─> host.test didn't respond within 15.0 seconds (while establishing a connection)", ""],
            "unreachable", 69, URL, None, id="connect-timeout",
        ),
        pytest.param(
            ["error: incomplete-download", "",
             "× Download failed after 6 attempts because not enough bytes were received (0 bytes/9 kB)",  # noqa: RUF001 - the same
             f"╰─> URL: {URL}", "", "note: This is an issue with network connectivity, not pip."],
            "dropped", 75, URL,
            "Download failed after 6 attempts because not enough bytes were received (0 bytes/9 kB) at 0 B",
            id="incomplete",
        ),
    ],
)  # fmt: skip
def test_network_failures(lines: list[str], code: str, exit_code: int, url: str, text: str | None) -> None:
    """Class, exit code and URL say whether it is worth another try, and where."""
    error = failure_of("plan", 1, lines)
    assert (error.code, error.exit_code, getattr(error, "url", None)) == (code, exit_code, url)
    assert text is None or str(error) == text


@pytest.mark.parametrize(
    ("returncode", "facts", "number"),
    [
        pytest.param(-9, {}, 9, id="SIGKILL"),
        pytest.param(-11, {}, 11, id="SIGSEGV"),
        pytest.param(-7, {}, 7, id="SIGBUS"),
        pytest.param(1, {"signal": "9"}, 9, id="the-build-that-it-ran"),
        pytest.param(-15, {}, None, id="SIGTERM"),
        pytest.param(1, {"signal": "6"}, None, id="the-build-aborted"),
        pytest.param(137, {}, None, id="an-exit-code"),
    ],
)
def test_killed_or_failed(returncode: int, facts: dict[str, str], number: int | None) -> None:
    """Only signals that come from without make another try worth it; the exit code is the same."""
    error = error_of(Diagnosis(code="pip-failed", message="last words", facts=facts), "plan", returncode)
    assert isinstance(error, ChildFailed)
    assert (getattr(error, "signal", None), error.returncode, error.message) == (
        number,
        returncode,
        "last words",
    )
    assert (error.code, error.exit_code) == ("child-killed" if number else "pip-failed", 1)


def test_pips_own_explanation_counts_more_than_its_end() -> None:
    """A pip that has told of a conflict and then crashes would tell the same again."""
    error = failure_of("plan", -11, ["ERROR: No matching distribution found for x"])
    assert not isinstance(error, ChildKilled)
    assert error.code == "no-solution"
