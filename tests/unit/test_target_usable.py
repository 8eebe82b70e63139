"""Tests of `resilient_pip.target.usable`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from resilient_pip.errors import StorageError, TargetRefused, UsageError
from resilient_pip.model import Install
from resilient_pip.target.environment import Target
from resilient_pip.target.usable import Destination, check_usable

SYSTEM = Target(
    python="/usr/bin/python3",
    sees_global_site=True,
    managers_message=None,
    markers={},
    tags=(),
    purelib="/tmp/pure/site-packages",  # noqa: S108 - only has to be writable
    platlib="/tmp/plat/site-packages",  # noqa: S108 - the same
    user_site="/tmp/of-the-user/site-packages",  # noqa: S108 - the same
    has_user_site=True,
    installed={},
)
VIRTUAL = replace(SYSTEM, sees_global_site=False, has_user_site=False)
UNWRITABLE = "/dev/null/site-packages"
"""Not writable for anybody, root included."""
SYSTEM_OF_ROOT = replace(SYSTEM, purelib=UNWRITABLE)
MANAGED = replace(SYSTEM, managers_message="Use apt.\n")
PLAIN = Install(requirements=())

NORMAL = Destination(folder=SYSTEM.purelib)
USER = Destination(folder=SYSTEM.user_site)


@pytest.mark.parametrize(
    ("target", "install", "expected"),
    [
        pytest.param(SYSTEM, PLAIN, NORMAL, id="writable"),
        pytest.param(VIRTUAL, PLAIN, NORMAL, id="virtual"),
        pytest.param(SYSTEM, replace(PLAIN, user=True), USER, id="user"),
        pytest.param(SYSTEM_OF_ROOT, PLAIN, replace(USER, by_default=True), id="user-by-default"),
        pytest.param(
            replace(SYSTEM, platlib=UNWRITABLE),
            PLAIN,
            replace(USER, by_default=True),
            id="platlib-counts-too",
        ),
        pytest.param(
            SYSTEM, replace(PLAIN, install_options=("--no-user",)), NORMAL, id="no-user-and-writable"
        ),
        pytest.param(
            SYSTEM_OF_ROOT,
            replace(PLAIN, location="/tmp/t", install_options=("--target=/tmp/t",)),  # noqa: S108 - the same
            Destination(folder="/tmp/t"),  # noqa: S108 - the same
            id="target-never-means-user",
        ),
        pytest.param(
            SYSTEM,
            replace(PLAIN, location="/tmp/r", install_options=("--root=/tmp/r",)),  # noqa: S108 - the same
            Destination(folder="/tmp/r"),  # noqa: S108 - the same
            id="root",
        ),
        pytest.param(
            SYSTEM_OF_ROOT,
            replace(PLAIN, dry_run=True, install_options=("--no-user",)),
            Destination(folder=UNWRITABLE),
            id="a-dry-run-writes-nothing",
        ),
    ],
)
def test_the_destination_is_the_one_that_pip_decides_for(
    target: Target, install: Install, expected: Destination
) -> None:
    """Every case of pip's decide_user_install that lets an installation go on."""
    assert check_usable(target, install) == expected


@pytest.mark.parametrize(
    ("target", "install", "path"),
    [
        pytest.param(
            replace(VIRTUAL, purelib=UNWRITABLE), PLAIN, UNWRITABLE, id="virtual-environment-of-another"
        ),
        pytest.param(
            SYSTEM_OF_ROOT,
            replace(PLAIN, install_options=("--no-user",)),
            UNWRITABLE,
            id="no-user",
        ),
        pytest.param(
            replace(SYSTEM, user_site=UNWRITABLE), replace(PLAIN, user=True), UNWRITABLE, id="user-site"
        ),
        pytest.param(
            SYSTEM,
            replace(PLAIN, location=UNWRITABLE, install_options=(f"--prefix={UNWRITABLE}",)),
            UNWRITABLE,
            id="prefix",
        ),
        pytest.param(
            SYSTEM,
            replace(PLAIN, location=UNWRITABLE, install_options=("--root", UNWRITABLE)),
            UNWRITABLE,
            id="root",
        ),
    ],
)
def test_a_destination_that_cannot_be_written_is_a_storage_error(
    target: Target, install: Install, path: str
) -> None:
    """Known before anything is downloaded, and named."""
    with pytest.raises(StorageError) as caught:
        check_usable(target, install)

    assert (caught.value.path, caught.value.reason) == (path, "Not a directory")


def test_a_managed_environment_is_refused_in_pips_words() -> None:
    """The manager's message and pip's two remarks (PEP 668)."""
    with pytest.raises(TargetRefused) as caught:
        check_usable(MANAGED, PLAIN)

    assert str(caught.value) == (
        "This environment is externally managed\n"
        "Use apt.\n"
        "\n"
        "note: If you believe this is a mistake, please contact your Python installation or OS distribution "
        "provider. You can override this, at the risk of breaking your Python installation or OS, "
        "by passing --break-system-packages.\n"
        "hint: See PEP 668 for the detailed specification."
    )


@pytest.mark.parametrize(
    "install",
    [
        pytest.param(replace(PLAIN, break_system_packages=True), id="break-system-packages"),
        pytest.param(replace(PLAIN, location="/tmp/t"), id="elsewhere"),  # noqa: S108 - the same
        pytest.param(replace(PLAIN, dry_run=True), id="dry-run"),
    ],
)
def test_what_pip_lets_into_a_managed_environment(install: Install) -> None:
    """The three exemptions of pip."""
    assert check_usable(MANAGED, install).folder in {SYSTEM.purelib, "/tmp/t"}  # noqa: S108 - the same


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param(VIRTUAL, "are not visible in this virtualenv", id="virtual"),
        pytest.param(replace(SYSTEM, has_user_site=False), "are disabled for this Python", id="disabled"),
    ],
)
def test_a_user_install_needs_a_user_site(target: Target, message: str) -> None:
    """Pip's refusals, before anything is downloaded."""
    with pytest.raises(TargetRefused) as caught:
        check_usable(target, replace(PLAIN, user=True))

    assert str(caught.value) == f"Can not perform a '--user' install. User site-packages {message}."


def test_user_and_prefix_exclude_each_other() -> None:
    """Pip's refusal, as a usage error."""
    install = replace(PLAIN, user=True, location="/p", install_options=("--prefix=/p", "--user"))

    with pytest.raises(UsageError, match="Can not combine '--user' and '--prefix'"):
        check_usable(SYSTEM, install)
