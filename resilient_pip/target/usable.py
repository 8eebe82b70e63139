"""Whether the target may and can be installed into, by pip's rules: asked before anything is transferred."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace

from resilient_pip.errors import StorageError, TargetRefused, UsageError
from resilient_pip.model import Install
from resilient_pip.target.environment import Target
from resilient_pip.target.room import existing


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where an installation goes to."""

    folder: str
    """The folder that receives most of it."""
    by_default: bool = False
    """Whether pip falls back to it by itself because the normal site-packages is not writable."""


def check_usable(target: Target, install: Install) -> Destination:
    """Decide as pip would where to install to, and that it may and can be.

    A dry run (pip: --dry-run --report) is never refused, as it installs nothing.

    Raises:
        TargetRefused: somebody else manages the environment (PEP 668), or it has no user site.
        UsageError: --user is combined with --prefix.
        StorageError: the destination cannot be written.
    """
    if target.managers_message and not (install.location or install.dry_run or install.break_system_packages):
        raise TargetRefused(message=_externally_managed(target.managers_message))
    destination = _destination(target, install)
    if not install.dry_run and (obstacle := _obstacle(destination.folder, target)):
        raise StorageError(path=destination.folder, reason=obstacle)
    return destination


def _externally_managed(message: str) -> str:
    """Write the refusal in pip's words (ExternallyManagedEnvironment)."""
    return (
        f"This environment is externally managed\n{message.strip()}\n\n"
        "note: If you believe this is a mistake, please contact your Python installation or OS distribution "
        "provider. You can override this, at the risk of breaking your Python installation or OS, "
        "by passing --break-system-packages.\n"
        "hint: See PEP 668 for the detailed specification."
    )


def _destination(target: Target, install: Install) -> Destination:
    """Follow pip's decide_user_install, whose cases come in this order."""
    rooted = _gives(install, "--root")
    normal = Destination(folder=install.location or target.purelib)
    user = Destination(folder=install.location or target.user_site)
    if install.user:
        _check_user_install(target, install)
        return user
    if _gives(install, "--no-user") or (install.location and not rooted):
        return normal
    if not target.has_user_site or _obstacle(normal.folder, target) is None:
        return normal
    return replace(user, by_default=True)


def _check_user_install(target: Target, install: Install) -> None:
    if _gives(install, "--prefix"):
        message = "Can not combine '--user' and '--prefix' as they imply different installation locations"
        raise UsageError(message=message)
    if not target.sees_global_site:
        why = "are not visible in this virtualenv"
    elif not target.has_user_site:
        why = "are disabled for this Python"
    else:
        return
    raise TargetRefused(message=f"Can not perform a '--user' install. User site-packages {why}.")


def _obstacle(folder: str, target: Target) -> str | None:
    """Say why a folder, or what belongs to it, cannot be written; None where it can."""
    folders = (target.purelib, target.platlib) if folder == target.purelib else (folder,)
    return next((reason for each in folders if (reason := _why_not_writable(each))), None)


def _why_not_writable(folder: str) -> str | None:
    path = existing(folder)
    if not path.is_dir():
        return os.strerror(errno.ENOTDIR)
    if os.access(path, os.W_OK):
        return None
    is_read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    return os.strerror(errno.EROFS if is_read_only else errno.EACCES)


def _gives(install: Install, flag: str) -> bool:
    """Whether an option of location is among the words for the installing pip."""
    return any(word == flag or word.startswith(f"{flag}=") for word in install.install_options)
