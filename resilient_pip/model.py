"""The values that all parts speak in. Nothing here does I/O or changes after it was made."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NewType
from urllib.parse import urlsplit, urlunsplit

ProjectName = NewType("ProjectName", str)
"""A project's name, normalised as PEP 503 says. Made by `project_name` only."""

SafeUrl = NewType("SafeUrl", str)
"""A URL without credentials: the only kind that reaches an event, error, log or report; see `redact`."""

_SEPARATORS = re.compile(r"[-_.]+")


def project_name(text: str) -> ProjectName:
    """Normalise a project's name (PEP 503): "Flask_SQLAlchemy" is "flask-sqlalchemy"."""
    return ProjectName(_SEPARATORS.sub("-", text).lower())


def redact(url: str) -> SafeUrl:
    """Take user, password, query and fragment out of a URL (signed URLs carry secrets in their query).

    Of what is no URL nothing is shown: in "https://user:pass/word@host/" the password is not where it should
    be, and what stands in its place ends at its slash.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        return SafeUrl("(no URL)")
    host = parts.netloc.rpartition("@")[2]
    # The password may go on in the path, up to an @ there; in VCS URLs that is where the revision stands.
    is_doubtful = "@" in parts.netloc and "@" in parts.path and "+" not in parts.scheme
    if is_doubtful or (parts.netloc and not host):
        return SafeUrl("(no URL)")
    return SafeUrl(urlunsplit((parts.scheme, host, parts.path, "", "")))


# --- what the user asked for -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A line of a file that the user wrote, as messages name it: "requirements.txt:3"."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class RequirementForm(enum.Enum):
    """How a requirement says where its file comes from."""

    NAMED = "named"
    """From an index or --find-links: "torch>=2"."""
    DIRECT = "direct"
    """A wheel or sdist by URL: "torch @ https://…whl", "https://…tar.gz"."""
    VCS = "vcs"
    """A version control URL: "x @ git+https://…"."""
    LOCAL = "local"
    """A folder, wheel or sdist on this machine: "./pkg", "x @ file:///…"."""
    EDITABLE = "editable"
    """-e of a folder or VCS URL."""

    @property
    def is_fetched(self) -> bool:
        """Whether its file is downloaded here; the child that builds it reads any other."""
        return self in {RequirementForm.NAMED, RequirementForm.DIRECT}

    @property
    def is_built_in_place(self) -> bool:
        """Whether only the pip that installs it can build it, where it lies; it has no wheel before.

        Its version is not known before either: it may hold the time of the build.
        """
        return self in {RequirementForm.LOCAL, RequirementForm.EDITABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """What a `# resilient-pip:` comment says of a requirement. None and empty mean: not said."""

    group: str | None = None
    index_url: str | None = field(default=None, repr=False)
    also: tuple[str, ...] = ()
    """Globs of normalised names that the index-url holds for too ("nvidia-*")."""
    timeout_s: float | None = None
    """A hard limit for each file of the requirement, in seconds."""
    retries: int | None = None
    """Tries without progress for each file of the requirement."""
    no_build_isolation: bool = False
    """Whether its group is planned and built without isolation, once all before it are installed."""
    source: SourceLine | None = None
    """Where the directive itself stands."""


NO_DIRECTIVE = Directive()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement (or constraint) as pip's own parser read it."""

    text: str
    """The requirement as pip takes it, without options: "torch>=2; python_version>'3.9'"."""
    form: RequirementForm = RequirementForm.NAMED
    name: ProjectName | None = None
    """None where the form does not tell ("./pkg", a bare URL)."""
    extras: frozenset[str] = frozenset()
    applies: bool = True
    """False where its marker excludes this interpreter (for the target, the planning pip decides)."""
    options: tuple[str, ...] = ()
    """Its own options as words of a line: "--hash=sha256:…", "--config-settings=k=v"."""
    source: SourceLine | None = None
    """None: it stands on the command line."""
    directive: Directive = NO_DIRECTIVE

    @property
    def line(self) -> str:
        """The whole line for a requirements file."""
        prefix = "-e " if self.form is RequirementForm.EDITABLE else ""
        return " ".join((prefix + self.text, *self.options))

    def __str__(self) -> str:
        return f"{self.source}: {self.line}" if self.source else self.line


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadFile:
    """A requirements or constraints file behind a URL, whose text is not here yet."""

    url: str = field(repr=False)
    """http or https; may carry credentials."""
    source: SourceLine | None = None
    """The line that names it; None: the command line does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How pip was told to reach the network; the gateway's client and direct downloads of pip obey it."""

    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = field(default=None, repr=False)
    """Empty: no proxy, whatever the environment says; None: as that says."""
    trusted_hosts: tuple[str, ...] = ()
    legacy_certs: bool = False
    """Whether the system's certificates do not count (--use-deprecated=legacy-certs)."""
    keyring_provider: str = "auto"
    """One of pip's: "auto", "disabled", "import", "subprocess"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """Everything that one command line asks pip for, with pip.conf, PIP_* and files merged in."""

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()
    index_urls: tuple[str, ...] = field(default=(), repr=False)
    """index-url first, then each extra-index-url; empty with --no-index."""
    find_links: tuple[str, ...] = field(default=(), repr=False)
    build_constraints: tuple[str, ...] = field(default=(), repr=False)
    """Lines of the build constraints files behind URLs; those in local files are among the options."""
    plan_options: tuple[str, ...] = ()
    """Words for the pip that plans: what decides which files are chosen (-U, --pre, --no-binary…)."""
    build_options: tuple[str, ...] = ()
    """Words for the pip that builds wheels (--no-build-isolation, --config-settings…)."""
    install_options: tuple[str, ...] = ()
    """Words for the pip that installs: where to and how (--target, --no-compile…)."""
    network: Network = Network()
    network_options: tuple[str, ...] = field(default=(), repr=False)
    """Words for a pip that downloads past the gateway (direct URLs): --cert, --proxy, --trusted-host…"""
    pip_cache_dir: str | None = None
    """`pip cache dir`; None with --no-cache-dir."""
    python: str | None = None
    """--python: the interpreter (or environment) to install for; None: the one that runs this program."""
    one_call: bool = False
    """Everything in one install call (--target, --prefix, --root, --force-reinstall, --ignore-installed)."""
    break_system_packages: bool = False
    location: str | None = None
    """The folder of --target, --prefix or --root, where given."""
    user: bool = False
    dry_run: bool = False
    only_deps: bool = False
    """--only-deps: what the requirements need, without what they name."""
    report: str | None = None
    """--report: the file for pip's report, "-" for stdout."""
    locked: tuple[LockedFile, ...] = field(default=(), repr=False)
    """The files that lock files (PEP 751) name for requirements of theirs."""
    implied: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What pip's options (--timeout…) say of settings of this program: field name to option and text."""
    verbosity: int = 0
    """-v counts up, -q counts down."""
    log: str | None = None
    """The file that --log names: gets what the children print."""
    warnings: tuple[str, ...] = ()
    """What pip warned of while it read, a line each."""
    unread: tuple[UnreadFile, ...] = ()
    """Files whose texts are still to be fetched; until then, what they ask for is missing here."""
    waits_for_target: bool = False
    """Whether to read again once the target is known: it decides what a lock file or script asks for."""


# --- what indexes offer ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One file that an index lists, a folder holds or a direct URL names."""

    project: ProjectName
    filename: str
    """The last segment of the URL, percent-decoded; checked to be a plain name."""
    url: str = field(repr=False)
    """Where its bytes are, absolute (https, http or file); may carry credentials."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    """Algorithm to lower-case hex digest, as the index gives them; may be empty."""
    size: int | None = None
    """Bytes, where the index says."""
    index: SafeUrl = SafeUrl("")
    """The index it comes from, for messages."""

    def __post_init__(self) -> None:
        # The last line of defence: links are made under this name; "../../x.whl" would make them elsewhere.
        if "/" in self.filename or self.filename in {".", ".."}:
            raise ValueError(f"{self.filename!r} is no file name")

    @property
    def safe_url(self) -> SafeUrl:
        """The URL for messages."""
        return redact(self.url)

    @property
    def is_wheel(self) -> bool:
        """Whether this is a wheel (else an sdist)."""
        return self.filename.endswith(".whl")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """The only file that a project may come from, as a lock file (PEP 751) names it."""

    lock: str = field(repr=False)
    """The lock file's URL; may carry credentials."""
    file: RemoteFile
    upload_time: str | None = None
    """RFC 3339, where the lock file tells."""


# --- what is planned -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How patient the transfer of one file is."""

    limit_s: float | None
    """Time-out of the whole transfer in seconds; None: there is none."""
    hard: bool
    """Whether the time-out ends a transfer that flows well, too."""
    tries: int
    """Tries without progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One project of the plan at its version, with the file that brings it."""

    project: ProjectName
    name: str
    """The project's name as its metadata writes it."""
    version: str
    file: RemoteFile
    form: RequirementForm = RequirementForm.NAMED
    requested: bool = False
    """Whether the user asked for this project (pip writes REQUESTED then)."""
    asked_as: str | None = None
    """Its name as the first line that asks for it spells it: pip names the folder of its headers by that."""
    extras: frozenset[str] = frozenset()
    requires: tuple[str, ...] = ()
    """Requires-Dist lines of its core metadata."""
    requires_python: str | None = None
    """Requires-Python of its core metadata."""
    replaces: str | None = None
    """The version that is installed now and goes."""
    yanked: bool = False
    reference: str | None = field(default=None, repr=False)
    """How a requirement names what is in no index: the URL with its fragment (DIRECT, VCS; may carry
    credentials), or the user's text (LOCAL, EDITABLE)."""
    direct_url: str | None = None
    """What pip records in direct_url.json (PEP 610, no credentials); None for a file from an index."""
    build_options: tuple[str, ...] = ()
    """Its own options that a build obeys: "--config-settings=k=v"."""
    terms: Terms | None = None
    """How patient its transfer is; None until the plan is made."""
    reported: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Its entry of pip's installation report; empty where the plan comes from a file."""

    @property
    def pin(self) -> str:
        """The requirement that admits this file only: "torch==2.9.1+cpu"."""
        return f"{self.name}=={self.version}"

    @property
    def limit_s(self) -> float | None:
        """The time-out of its transfer in seconds; None: there is none, or none yet."""
        return self.terms.limit_s if self.terms else None

    @property
    def is_built_before(self) -> bool:
        """Whether its wheel is built here, before the group is installed."""
        return not (self.file.is_wheel or self.form.is_built_in_place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one install child installs."""

    name: str
    files: tuple[PlannedFile, ...]
    requirements: tuple[Requirement, ...] = ()
    """The requirements that made this group, in the user's order."""

    @property
    def size(self) -> int:
        """Bytes to download, as far as known."""
        return sum(planned.file.size or 0 for planned in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is planned together: groups in the order in which they are installed."""

    groups: tuple[Group, ...]

    @property
    def files(self) -> tuple[PlannedFile, ...]:
        """All files, first needed first."""
        return tuple(planned for group in self.groups for planned in group.files)

    @property
    def replaces(self) -> bool:
        """Whether anything that is installed goes."""
        return any(planned.replaces for planned in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Exact files for everything asked for, as far as it can be planned yet."""

    stages: tuple[Stage, ...]
    later: tuple[str, ...] = ()
    """Names of the groups that have a stage of their own, planned once all before it is installed."""
    satisfied: tuple[str, ...] = ()
    """Requirements that what is installed fulfils already, as "numpy 1.26.4"."""
    order: tuple[str, ...] = ()
    """Names of install groups in their order, also of those that need nothing any more; without `later`."""
    options: tuple[str, ...] = ()
    """Words of pip's that had a say in which files were chosen (`plan.planning.options_of`)."""
    made_for: str = ""
    """The interpreter that it was made for, as people read it: "CPython 3.11 on linux x86_64"."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Its marker variables (PEP 508); empty where the plan comes from a file."""

    @property
    def latest(self) -> Stage:
        """The stage that was planned last: all before it are installed."""
        return self.stages[-1] if self.stages else Stage(groups=())

    @property
    def groups(self) -> tuple[Group, ...]:
        """All groups, in the order in which they are installed."""
        return tuple(group for stage in self.stages for group in stage.groups)

    @property
    def files(self) -> tuple[PlannedFile, ...]:
        """All files, first needed first."""
        return tuple(planned for stage in self.stages for planned in stage.files)


# --- what came of it -------------------------------------------------------------------------------


class Phase(enum.Enum):
    """Where a run is; the values are what people read."""

    PREPARE = "prepare"
    PLAN = "plan"
    DOWNLOAD = "download"
    BUILD = "build"
    INSTALL = "install"
    CHECK = "check"


class Outcome(enum.Enum):
    """How something that was started ended."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Where a run failed: the facts of the failure block. The error itself stands beside it."""

    phase: Phase
    group: str | None = None
    group_number: int | None = None
    group_count: int | None = None
    package: str | None = None
    """Name and version as far as known: "torch 2.9.1+cpu"."""
    filename: str | None = None
    size: int | None = None
    url: SafeUrl | None = None
    kept: int = 0
    """Bytes of the failed file that the next run starts from."""
    requirement: Requirement | None = None
    source: SourceLine | None = None
    """The line that names what failed, where it is no requirement but a file of them."""
    proxy: SafeUrl | None = None
    """The proxy on the way to the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a run moved and how long its phases took."""

    phase_s: Mapping[Phase, float] = field(default_factory=dict)
    downloaded: int = 0
    """Bytes of bodies received from upstream, of every kind."""
    from_cache: int = 0
    """Bytes of files that were in the cache or a local folder already."""
    requests: int = 0
    in_vain: int = 0
    """Pages and metadata that were read ahead of pip and that it did not ask for."""
    downloaded_in_vain: int = 0
    """Bytes of files that were fetched before the plan was made, and that it does not have."""
    retries: Mapping[str, int] = field(default_factory=dict)
    """How often which cause was survived: {"stall": 2}."""
    retried: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """The same by project: {"torch": {"stall": 2}}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How one run ended."""

    exit_code: int
    plan: Plan | None = None
    installed: tuple[str, ...] = ()
    """Names of the groups that are installed completely."""
    not_reached: tuple[str, ...] = ()
    """Names of the groups after the one that failed."""
    error: Exception | None = None
    failure: Failure | None = None
    statistics: Statistics = Statistics()
    elapsed_s: float = 0.0
    resumes: bool = True
    """Whether the same command finds what this run has downloaded."""
    cache_mount: str = ""
    """Where a cache mount would have kept it; "" where that changes nothing."""
