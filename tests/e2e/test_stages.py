"""Groups marked no-build-isolation: planned and built once all before them is installed, with it in reach."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from tests.support.deaths import Orders, hook_in, recorded
from tests.support.environments import Environment, Run, Workspace
from tests.support.faultserver import FaultyIndex
from tests.support.limits import EACH_ALONE
from tests.support.undeclared import make_undeclaring_sdist
from tests.support.wheels import make_wheel

MARK = "# resilient-pip: no-build-isolation"
REQUIREMENTS = ("torch<2  # resilient-pip: group=torch", f"flash-attn  {MARK}", "other")


TORCH = make_wheel("torch", "1.0", ["einops"])
EINOPS = make_wheel("einops", "1.0", extras={"fast": ["speed"]})
SPEED = make_wheel("speed", "1.0")
FLASH = make_undeclaring_sdist("flash-attn", "2.0", ["torch", "einops[fast]"], imports=["torch"])


@pytest.fixture
def shop(index: FaultyIndex) -> FaultyIndex:
    """An index with flash-attn as it is: an sdist that imports torch even for its metadata."""
    for file in (
        TORCH,
        EINOPS,
        SPEED,
        FLASH,
        make_wheel("torch", "2.0", ["einops"]),
        make_wheel("other", "1.0"),
    ):
        index.add(file)
    return index


def install(shop: FaultyIndex, workspace: Workspace, environment: Environment, *words: str | Path) -> Run:
    """Run the tool with every requirement in a group of its own."""
    return workspace.tool(environment, "install", "--index-url", shop.url, *EACH_ALONE, *words)


def built_with(environment: Environment, stem: str) -> dict[str, str]:
    """What a project's build has imported: name to version."""
    facts = json.loads((environment.site_packages / f"{stem}.dist-info" / "built.json").read_text())
    found: dict[str, str] = facts["built with"]
    return found


def test_it_is_built_with_what_is_installed_before_it(
    shop: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Against the pins, in no cache of built wheels; what is left is what two calls of pip leave."""
    file = workspace.write("requirements.txt", *REQUIREMENTS)
    run = install(shop, workspace, environment, "-r", file)
    assert run.returncode == 0, run.output
    said = [line.partition("] ")[2] for line in run.stderr.splitlines()]
    heads = [line for line in said if line.startswith(("plan: ", "planning")) and " done " not in line]
    assert [line.partition(", ")[0] for line in heads] == [
        "planning",
        "plan: 3 packages",
        "planning flash-attn",
        "plan: 2 packages",
    ]
    assert heads[1].endswith(" in 2 groups; planned later: flash-attn")
    assert "group 3/3 flash-attn: installing 2 packages" in said
    assert "resilient-pip: installed 5 packages in 3 groups, " in run.stderr
    assert built_with(environment, "flash_attn-2.0") == {"torch": "1.0"}
    assert [path for path in workspace.cache.rglob("*.whl") if "flash" in path.name] == []
    ours = environment.snapshot()

    again = install(shop, workspace, environment, "-r", file)
    assert (again.returncode, environment.snapshot()) == (0, ours), again.output
    assert "nothing to install" in again.stderr

    shutil.rmtree(environment.root)
    workspace.environment()
    words = ("install", "--index-url", shop.url)
    for step in (("torch<2", "other"), ("--no-build-isolation", "flash-attn")):
        run = workspace.pip(environment, *words, *step)
        assert run.returncode == 0, run.output
    assert ours == environment.snapshot()


def test_without_the_directive_the_advice_names_it(
    shop: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Before torch is installed, a joint plan cannot be made."""
    run = install(shop, workspace, environment, "torch", "flash-attn")
    assert run.returncode == 1, run.output
    assert run.block["package"] == "flash-attn"
    assert run.block["cause"].splitlines()[-1] == "ModuleNotFoundError: No module named 'torch'"
    assert "require torch too" in run.block["do"]
    assert MARK in run.block["do"]
    assert environment.versions() == {}


def test_a_plan_says_what_is_planned_later(
    shop: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """And plans that too once all before it is installed; then the option for the whole run does as well."""
    file = workspace.write("requirements.txt", *REQUIREMENTS)
    words = ("plan", "--index-url", shop.url, "-r", file)
    plan = workspace.tool(environment, *words, "--json")
    assert plan.returncode == 0, plan.output
    assert json.loads(plan.stdout)["later"] == ["flash-attn"]
    assert environment.versions() == {}
    assert install(shop, workspace, environment, "torch<2", "other").returncode == 0

    plan = workspace.tool(environment, *words)
    assert [line.split()[:2] for line in plan.stdout.splitlines()[1:3]] == [
        ["flash-attn", "2.0"],
        ["speed", "1.0"],
    ]
    assert "later" not in plan.stdout
    run = install(shop, workspace, environment, "--no-build-isolation", "flash-attn")
    assert run.returncode == 0, run.output
    assert built_with(environment, "flash_attn-2.0") == {"torch": "1.0"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        pytest.param(["install", "--target", "there"], "--target", id="target"),
        pytest.param(["plan", "--dockerfile"], "no plan file can hold it", id="dockerfile"),
    ],
)
def test_what_cannot_be_had_with_it(
    shop: FaultyIndex, workspace: Workspace, environment: Environment, words: list[str], why: str
) -> None:
    """One line, before anything is asked for."""
    workspace.write("requirements.txt", *REQUIREMENTS)
    run = workspace.tool(environment, *words, "--index-url", shop.url, "-r", "requirements.txt")
    last = run.stderr.splitlines()[-1]
    assert run.returncode == 2, run.output
    assert last.startswith("resilient-pip: error: requirements.txt:2: no-build-isolation: ")
    assert why in last
    assert (shop.requests, environment.versions()) == ([], {})


@pytest.mark.pips
def test_a_conflict_with_what_is_installed_names_both(
    shop: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The pin with the group that brought it, and the group that cannot be planned; what is there stays."""
    shop.add(make_undeclaring_sdist("flash-attn", "3.0", ["torch>=2"], imports=["torch"]))
    requirements = ("torch<2  # resilient-pip: group=ml", f"flash-attn>=3  {MARK}", f"after  {MARK}")
    file = workspace.write("requirements.txt", *requirements)
    run = install(shop, workspace, environment, "-r", file)
    assert run.returncode == 1, run.output
    block = run.block
    assert block[""] == 'resilient-pip: FAILED  group "flash-attn"  phase plan'
    assert block["asked"] == "for requirements.txt:2: flash-attn>=3"
    assert (
        'flash-attn 3.0 depends on torch>=2\ntorch==1.0 is pinned: group "ml" has installed it'
        in (block["cause"])
    )
    assert block["installed"] == "ml; they stay   not reached  after"
    assert environment.versions() == {"torch": "1.0", "einops": "1.0"}


def test_a_build_that_fails_leaves_what_is_installed(
    shop: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """Of the stages before, and the old version of its own: it is replaced once the new one is built."""
    shop.add(make_wheel("flash-attn", "1.0"))
    old = install(shop, workspace, environment, "flash-attn<2")
    assert old.returncode == 0, old.output
    code = "raise SystemExit('nvcc fatal: no such architecture')"
    shop.add(make_undeclaring_sdist("flash-attn", "3.0", ["torch"], imports=["torch"], before_build=code))
    requirements = (
        "torch",
        f"flash-attn>=3  {MARK}",
        "",
        f"# resilient-pip: group=mamba {MARK[17:]}",
        "mamba",
    )
    file = workspace.write("requirements.txt", *requirements)
    run = install(shop, workspace, environment, "-r", file)
    assert run.returncode == 1, run.output
    assert run.block[""] == 'resilient-pip: FAILED  group 2/2 "flash-attn"  phase build'
    assert run.block["cause"].splitlines()[-1] == "nvcc fatal: no such architecture"
    assert run.block["installed"] == "torch; they stay   not reached  mamba"
    assert environment.versions() == {"torch": "2.0", "einops": "1.0", "flash-attn": "1.0"}


def test_a_run_that_is_ended_while_a_later_group_is_planned(
    shop: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The block names that group."""
    shop.add(make_wheel("slow", "1.0", files={"slow/__init__.py": "import time; time.sleep(600)\n"}))
    shop.add(make_undeclaring_sdist("apex", "1.0", imports=["slow"]))
    file = workspace.write("requirements.txt", "slow", f"apex  {MARK}")
    running = workspace.start(environment, "--index-url", shop.url, "-r", file)
    running.wait_for_line(lambda text: text.endswith("planning apex"), 60)
    running.process.send_signal(signal.SIGTERM)
    run = running.finish(60)
    assert run.returncode == 143, run.output
    assert run.block[""] == 'resilient-pip: FAILED  group "apex"  phase plan'
    assert run.block["installed"] == "slow; they stay"


def test_groups_follow_each_other(shop: FaultyIndex, workspace: Workspace, environment: Environment) -> None:
    """One may need the one before it; lines below belong to the first stage; --install-group takes one."""
    shop.add(make_undeclaring_sdist("mamba", "1.0", ["other>=1"], imports=["torch", "flash-attn"]))
    requirements = (
        "# resilient-pip: no-build-isolation group=attention timeout=5min",
        "flash-attn",
        "einops[fast]",
        "",
        f"mamba  {MARK}",
        "torch",
        "other",
    )
    file = workspace.write("requirements.txt", *requirements)
    run = install(shop, workspace, environment, "--install-group", "torch", "-r", file)
    assert (run.returncode, environment.versions()) == (0, {"torch": "2.0", "einops": "1.0"}), run.output
    run = install(shop, workspace, environment, "--from-install-group", "other", "-r", file)
    assert run.returncode == 0, run.output
    assert "installed 4 packages in 3 groups" in run.stderr
    assert built_with(environment, "mamba-1.0") == {"torch": "2.0", "flash_attn": "2.0"}
    assert environment.requested() == {"torch", "other", "flash_attn", "mamba"}
    assert set(environment.versions()) == {"torch", "einops", "other", "flash-attn", "speed", "mamba"}


def test_one_hash_counts_for_all_stages(
    shop: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """As in one call of pip: a marked line without one is refused, and installed with it."""
    lines = {"torch==1.0": TORCH, "einops[fast]==1.0": EINOPS, "speed==1.0": SPEED, "flash-attn==2.0": FLASH}
    hashed = [f"{line} --hash=sha256:{file.sha256}" for line, file in lines.items()]
    file = workspace.write("requirements.txt", *hashed[:3], f"flash-attn==2.0  {MARK}")
    run = install(shop, workspace, environment, "-r", file)
    assert run.returncode == 1, run.output
    assert run.block[""] == 'resilient-pip: FAILED  group "flash-attn"  phase plan'
    assert "Hashes are required in --require-hashes mode" in run.block["cause"]
    file = workspace.write("requirements.txt", *hashed[:3], f"{hashed[3]}  {MARK}")
    run = install(shop, workspace, environment, "-r", file)
    assert run.returncode == 0, run.output
    assert built_with(environment, "flash_attn-2.0") == {"torch": "1.0"}


def test_a_run_that_is_killed_while_it_installs_a_later_group(
    shop: FaultyIndex, workspace: Workspace, environment: Environment
) -> None:
    """The same command repairs and finishes, and leaves what an undisturbed run leaves."""
    file = workspace.write("requirements.txt", *REQUIREMENTS[:2])
    empty = workspace.root / "empty"
    hook_in(environment)
    shutil.copytree(environment.root, empty, symlinks=True)

    def run_with(orders: Orders | None) -> Run:
        words = ("install", "--index-url", shop.url, *EACH_ALONE, "-r", file)
        return workspace.tool(environment, *words, env=orders.environ if orders else None)

    record = workspace.root / "record"
    undisturbed = run_with(Orders(record=str(record)))
    assert undisturbed.returncode == 0, undisturbed.output
    wanted = environment.snapshot()
    [point, *_] = [one for one in recorded(record) if one.child == "group-2" and one.stage == "metadata"]
    shutil.rmtree(environment.root)
    empty.rename(environment.root)

    fired = str(workspace.root / "fired")
    killed = run_with(Orders(child="group-2", number=point.number, victims="both", fired=fired))
    assert killed.returncode == -signal.SIGKILL, killed.output
    run = run_with(None)
    assert run.returncode == 0, run.output
    assert "was half installed when an earlier run was ended: removed" in run.stderr
    assert "nothing here asks for it" not in run.stderr
    assert environment.snapshot() == wanted
