"""One line of what to do about each failure, looked up by error code and, where it matters, one fact more."""

from __future__ import annotations

from resilient_pip.errors import (
    AttemptsExhausted,
    ChildFailed,
    PlanError,
    Refused,
    ResilientPipError,
    ServerBusy,
    Unreachable,
)
from resilient_pip.model import Phase

INTERNAL = "internal"
"""The code of an error that is none of ours: a defect."""

RESUMES = ", it resumes"
"""What an advice says of a run that keeps what it has downloaded."""
ADVICE = {
    "usage": "correct what is named; `resilient-pip --help` lists the options",
    "plan-outdated": "make the plan anew with the command that is named, or use the one that fits",
    "no-command": "check its name and the PATH, and that it may be executed",
    "target-refused": "install into a virtual environment: run it there, or name it with --python PATH",
    "cannot-write": "free space or permit writing there, then run the same command again",
    "unreachable": "check the network, then run the same command again",
    "unreachable/dns": "check the host's name and this machine's DNS, then run the same command again",
    "unreachable/refused": "check the index's address and port, and whether a proxy is needed (--proxy)",
    "unreachable/tls": "check https in the URL, firewalls, and whether the server wants a --client-cert",
    "unreachable/tls-authority": "where a company signs certificates itself, name its authority: --cert FILE",
    "unreachable/tls-expired": "the server needs a new certificate, or this machine's clock is wrong: `date`",
    "unreachable/tls-early": "set this machine's clock, which is behind: `date`",
    "unreachable/tls-name": "use the name that the certificate is for; or another host answers in its place",
    "unreachable/tls-client": "name the certificate that the server wants, and its key: --client-cert FILE",
    "unreachable/proxy": "check HTTPS_PROXY or --proxy, and NO_PROXY for hosts inside",
    "unreachable/proxy-refused": "ask the proxy's owner to let this host through, or name it in NO_PROXY",
    "unreachable/setting": "correct what is named, in the option, the variable or pip.conf that says it",
    "unreachable/connect-timeout": "check firewall and proxy; a slow link needs a longer --connect-timeout",
    "stalled": "run the same command again, it resumes; a link that pauses needs a longer --stall-timeout",
    "too-slow": "run the same command again, it resumes; a slow link needs a lower --min-speed",
    "dropped": "run the same command again, it resumes; a link that drops often needs more --tries",
    "server-busy": "wait a little, then run the same command again; or name a --mirror",
    "server-busy/429": "wait as long as the server asks, then run it again with a lower --parallel",
    "refused": "check the URL of the index, and that it has what is asked for",
    "refused/401": "give the index's user and password, best in ~/.netrc",
    "refused/403": "check that this user may read this index; some indexes block files by policy",
    "refused/407": "give the proxy's user and password, best in HTTPS_PROXY",
    "refused/404": "check the spelling, and that this index has it",
    "refused/410": "the index has removed it: choose another version or index",
    "hash-mismatch": "do not install it; ask the index's owner, or correct the --hash that you gave",
    "bad-content": "open the URL in a browser: a login page or a proxy may be answering in its place",
    "endless": "look at what the URL serves; a file that is that large needs space and --max-untold-size",
    "no-solution/unavailable": "check the spelling, and that the index has it for this Python and platform",
    "no-solution": "loosen one of the requirements named; `resilient-pip plan` tries without installing",
    "pip-failed": "correct what the lines above say, then run the same command again",
    "pip-failed/build": "install what the build lacks, or choose a version that has a wheel (--only-binary)",
    "child-killed": "give it more memory or less at once (MAX_JOBS=1): SIGKILL mostly means that it ran out",
    "child-hung": "run the same command again; work that is silent for long needs a longer --hung-timeout",
    "deadline": "run the same command again, it resumes; or allow a longer --deadline or --package-timeout",
    "interrupted": "run the same command again, it resumes",
    INTERNAL: "this is a defect of resilient-pip: please report it with the command and what is above",
}
"""Code, or code/fact, to advice. docs/errors.md shows the same table; a test compares them."""


def advice(error: Exception, phase: Phase | None = None, *, resumes: bool = True) -> str:
    """Say what to do about the error that ended a run in this phase.

    Args:
        error: what ended it.
        phase: where it was then.
        resumes: whether the same command finds what was downloaded.
    """
    if not isinstance(error, ResilientPipError):
        return ADVICE[INTERNAL]
    if isinstance(error, ChildFailed) and error.hint:
        return error.hint
    last = error.last if isinstance(error, AttemptsExhausted) else error
    found = ADVICE.get(f"{last.code}/{_fact(last, phase)}", ADVICE[last.code])
    return found if resumes else found.replace(RESUMES, "")


def _fact(error: ResilientPipError, phase: Phase | None) -> str:
    match error:
        case Unreachable():
            return f"{error.kind}-{error.fault}" if error.fault else error.kind
        case Refused() | ServerBusy():
            return str(error.status)
        case PlanError() if "No matching distribution" in error.message:
            return "unavailable"
        case ChildFailed() if phase is not None:
            return phase.value
        case _:
            return ""
