"""The options of `pip install`, one row each: which of pip's children gets it, or why none does.

A row for every option of the newest pip that is admitted; a test compares the table with pip's own parser.
"""

from __future__ import annotations

from resilient_pip.pip_options.rows import Child, Row, control, ignored, many, read, switch, value

_PLAN, _BUILD, _INSTALL, _NETWORK = Child.PLAN, Child.BUILD, Child.INSTALL, Child.NETWORK

ROWS: tuple[Row, ...] = (
    # What decides which files are chosen.
    switch("upgrade", _PLAN, on="--upgrade"),
    value("upgrade_strategy", "--upgrade-strategy", _PLAN),
    switch("force_reinstall", _PLAN, _INSTALL, on="--force-reinstall"),
    switch("ignore_installed", _PLAN, _INSTALL, on="--ignore-installed"),
    switch("ignore_requires_python", _PLAN, _BUILD, _INSTALL, on="--ignore-requires-python"),
    switch("ignore_dependencies", _PLAN, _INSTALL, on="--no-deps"),
    switch("require_hashes", _PLAN, on="--require-hashes"),
    switch("no_require_hashes", _PLAN, on="--no-require-hashes"),
    # pip 26.0 folds --pre into --all-releases, and so does `pip_adapter`.
    switch("pre", _PLAN, _BUILD, on="--pre"),
    control("release_control", "--all-releases", "--only-final"),
    control("format_control", "--no-binary", "--only-binary"),
    switch("prefer_binary", _PLAN, _BUILD, on="--prefer-binary"),
    value("uploaded_prior_to", "--uploaded-prior-to", _PLAN, _BUILD),
    many("platforms", "--platform", _PLAN, _INSTALL),
    value("python_version", "--python-version", _PLAN, _INSTALL),
    value("implementation", "--implementation", _PLAN, _INSTALL),
    many("abis", "--abi", _PLAN, _INSTALL),
    # The planning pip runs in the target, so it can tell.
    switch("require_venv", _PLAN, on="--require-virtualenv"),
    # How sdists, local folders and version control URLs become wheels.
    switch("build_isolation", _PLAN, _BUILD, _INSTALL, off="--no-build-isolation"),
    switch("check_build_deps", _PLAN, _BUILD, _INSTALL, on="--check-build-dependencies"),
    many("build_constraints", "--build-constraint", _PLAN, _BUILD, _INSTALL),
    many("features_enabled", "--use-feature", _PLAN, _BUILD, _INSTALL),
    many("exists_action", "--exists-action", _PLAN, _BUILD, _INSTALL),
    value("src_dir", "--src", _PLAN, _INSTALL),
    # Where to and how; the dry run has to look at the same installed set.
    value("target_dir", "--target", _PLAN, _INSTALL),
    value("prefix_path", "--prefix", _PLAN, _INSTALL),
    value("root_path", "--root", _PLAN, _INSTALL),
    switch("use_user_site", _PLAN, _INSTALL, on="--user", off="--no-user"),
    switch("override_externally_managed", _INSTALL, on="--break-system-packages"),
    switch("compile", _INSTALL, on="--compile", off="--no-compile"),
    switch("warn_script_location", _INSTALL, off="--no-warn-script-location"),
    switch("warn_about_conflicts", _INSTALL, off="--no-warn-conflicts"),
    value("root_user_action", "--root-user-action", _INSTALL),
    # The network past the gateway.
    value("cert", "--cert", _NETWORK),
    value("client_cert", "--client-cert", _NETWORK),
    many("trusted_hosts", "--trusted-host", _NETWORK),
    value("keyring_provider", "--keyring-provider", _NETWORK),
    many(
        "deprecated_features_enabled",
        "--use-deprecated",
        _NETWORK,
        refuses=lambda features: "legacy-resolver" in features,
        why="the plan is made by pip's current resolver, not by legacy-resolver",
    ),
    # Read here.
    read(
        "requirements",
        "--requirement",
        why="files, lock files too, are read with pip's parsers and flattened",
    ),
    read(
        "requirements_from_scripts",
        "--requirements-from-script",
        why="the script's block (PEP 723) is read with pip's parser",
    ),
    read("constraints", "--constraint", why="files are read with pip's parser and flattened"),
    read("editables", "--editable", why="a requirement"),
    read("dependency_groups", "--group", why="its requirements join those of the command line"),
    read("config_settings", "--config-settings", why="pip gives it to the command line's requirements only"),
    read("index_url", "--index-url", why="the gateway reads the indexes"),
    read("extra_index_urls", "--extra-index-url", why="the gateway reads the indexes"),
    read("no_index", "--no-index", why="the gateway reads the indexes"),
    read("find_links", "--find-links", why="the gateway reads the folders and pages"),
    # As a flag it would lead pip's requests to the gateway through the proxy, and show its password.
    read("proxy", "--proxy", why="children get it through the environment"),
    read("no_proxy_env", "--no-proxy-env", why="the same as an empty --proxy"),
    read("cache_dir", "--cache-dir", "--no-cache-dir", why="files are kept in a folder inside it"),
    read("python", "--python", why="the interpreter that the children run on"),
    read("dry_run", "--dry-run", why="the run ends with the plan"),
    # pip's own could not be divided into groups: it does not tell what the projects left out need.
    read("only_dependencies", "--only-deps", why="what was asked for itself is left out of the plan"),
    # Written by pip it would hold the gateway's addresses.
    read("json_report_file", "--report", why="pip's report, with the addresses of the indexes"),
    read("isolated_mode", "--isolated", why="children never read configuration; this program obeys it"),
    # Written by pip it would hold the gateway's addresses too.
    read("log", "--log", why="this program writes what its children print"),
    read("verbose", "--verbose", why="how much this program tells"),
    read("quiet", "--quiet", why="how much this program tells"),
    read("help", "--help", why="shows this program's options and pip's"),
    read("no_input", "--no-input", why="keyring is not asked; no child ever waits for input anyway"),
    # For settings of this program that nobody gave (`implied`).
    read("timeout", "--timeout", why="the longest wait for a byte, in place of the time-outs here"),
    read("retries", "--retries", why="one less than the tries without progress"),
    read("resume_retries", "--resume-retries", why="the same; the larger of both counts"),
    read("progress_bar", "--progress-bar", why="off and raw: lines of a log, on a terminal too"),
    # Without effect.
    ignored("refresh_package", "--refresh-package", why="every run asks the index whether a page is new"),
    ignored("no_color", "--no-color", why="nothing here is coloured, and children write to a pipe"),
    ignored("debug_mode", "--debug", why="a child's failure is told from its messages"),
    ignored("no_clean", "--no-clean", why="build folders lie in the run's own folder and go with it"),
    ignored("use_pep517", "--use-pep517", why="pip builds in no other way any more"),
    ignored("disable_pip_version_check", "--disable-pip-version-check", why="children never check"),
    ignored("no_python_version_warning", "--no-python-version-warning", why="without effect in pip too"),
    ignored("version", "--version", why="this program has its own"),
)
