"""Tests of `resilient_pip.child.command`."""

from __future__ import annotations

import os

import pytest

from resilient_pip.child.command import Command, child_environment

FIXED = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_COLOR": "1",
    "PIP_PROGRESS_BAR": "off",
    "PIP_TIMEOUT": "600",
    "PIP_RETRIES": "5",
    "PIP_RESUME_RETRIES": "5",
    "TMPDIR": "/run/tmp",
    "TEMP": "/run/tmp",
    "TMP": "/run/tmp",
    "NO_PROXY": "127.0.0.1,localhost,::1",
    "no_proxy": "127.0.0.1,localhost,::1",
    "PYTHONUNBUFFERED": "1",
    "RESILIENT_PIP_DOLLAR": "$",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
    "GIT_HTTP_LOW_SPEED_TIME": "60",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
}


def test_an_offline_child_gets_no_index() -> None:
    """Without index URLs the child, and every pip that it starts, is offline and keeps no cache."""
    env = child_environment({}, index_urls=(), temp="/run/tmp")

    assert env == FIXED | {"PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1"}


def test_indexes_keep_their_order() -> None:
    """The first URL is the index, the others are extra indexes; a cache is used where one is given."""
    urls = (
        "http://127.0.0.1:1/a/0/simple/",
        "http://127.0.0.1:1/a/1/simple/",
        "http://127.0.0.1:1/a/2/simple/",
    )

    env = child_environment({}, index_urls=urls, temp="/run/tmp", cache_dir="/run/cache")

    assert env == FIXED | {
        "PIP_INDEX_URL": urls[0],
        "PIP_EXTRA_INDEX_URL": f"{urls[1]} {urls[2]}",
        "PIP_CACHE_DIR": "/run/cache",
    }


def test_the_users_environment_is_kept_but_for_what_misleads() -> None:
    """PIP_* is gone whatever it says, and so is what makes programs colour a pipe; the rest stays."""
    given = {
        "HOME": "/home/u",
        "PYTHONPATH": "/lib",
        "MAX_JOBS": "2",
        "PIP_PROXY": "http://proxy",
        "PIP_EXTRA_INDEX_URL": "http://elsewhere",
        "FORCE_COLOR": "1",
        "TMPDIR": "/scratch",
        "HTTPS_PROXY": "http://proxy",
    }

    env = child_environment(given, index_urls=(), temp="/run/tmp")

    assert env == FIXED | {
        "PIP_NO_INDEX": "1",
        "PIP_NO_CACHE_DIR": "1",
        "HOME": "/home/u",
        "PYTHONPATH": "/lib",
        "MAX_JOBS": "2",
        "HTTPS_PROXY": "http://proxy",
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"NO_PROXY": "corp"}, "corp,127.0.0.1,localhost,::1", id="upper-case"),
        pytest.param({"no_proxy": "corp, ,localhost"}, "corp,localhost,127.0.0.1,::1", id="lower-case"),
        pytest.param({"no_proxy": "a", "NO_PROXY": "b"}, "a,127.0.0.1,localhost,::1", id="lower-case-wins"),
        pytest.param({"no_proxy": "", "NO_PROXY": "b"}, "b,127.0.0.1,localhost,::1", id="empty-is-unset"),
        pytest.param({"NO_PROXY": "*"}, "*", id="everything"),
    ],
)
def test_loopback_takes_no_proxy(given: dict[str, str], expected: str) -> None:
    """Both spellings say the same, without a leading comma, and hold what the user's valid one held."""
    env = child_environment(given, index_urls=(), temp="/run/tmp")

    assert (env["NO_PROXY"], env["no_proxy"]) == (expected, expected)


def test_what_the_user_says_to_git_stands() -> None:
    """The user's own variables for git win, and GIT_SSH is not beaten by a GIT_SSH_COMMAND of ours."""
    given = {"GIT_SSH": "/usr/bin/plink", "GIT_HTTP_LOW_SPEED_TIME": "5"}

    env = child_environment(given, index_urls=(), temp="/run/tmp")

    assert {name: value for name, value in env.items() if name.startswith("GIT_")} == {
        "GIT_SSH": "/usr/bin/plink",
        "GIT_HTTP_LOW_SPEED_TIME": "5",
        "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
        "GIT_TERMINAL_PROMPT": "0",
    }


def test_a_commands_text_hides_its_environment() -> None:
    """An environment may hold passwords, so that it is in no representation."""
    command = Command(what="plan", argv=("python", "-V"), env={"TOKEN": "secret"})

    assert repr(command) == "Command(what='plan', argv=('python', '-V'), cwd=None, pass_fds=())"


def test_certificates_are_told_where_nothing_else_is() -> None:
    """Whoever downloads past pip is told of --cert; what the user set for one of them stays."""
    environ = {"GIT_SSL_CAINFO": "/own.pem"}
    env = child_environment(environ, index_urls=(), temp="/tmp/x", certificates="/all.pem")  # noqa: S108 - a name
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO")
    assert [env[name] for name in names] == ["/all.pem", "/all.pem", "/all.pem", "/own.pem"]


def test_a_proxy_is_for_everything_but_loopback() -> None:
    """What --proxy says beats the environment, and the gateway is still reached directly."""
    env = child_environment(
        {"https_proxy": "http://other"}, index_urls=(), temp="/run/tmp", proxy="http://u:pw@proxy:3128"
    )

    names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    assert {env[name] for name in names} == {"http://u:pw@proxy:3128"}
    assert env["no_proxy"] == "127.0.0.1,localhost,::1"
