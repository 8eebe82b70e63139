"""Images that lack what a program may expect: root, a home, pip, a file system to write to, permission."""

from __future__ import annotations

import re

import pytest

from tests.docker.images import BOOKWORM, TRIXIE, WITHOUT_PIP, Base
from tests.docker.workbench import TOOL, Workbench
from tests.support.faultserver import FaultyIndex
from tests.support.wheels import make_sdist, make_wheel

DEMO = make_wheel("demo", "1.0", ["needed"])
BUILT = make_sdist("built", "1.0", build_requires=["backend"])
USER = 4711


@pytest.fixture
def demo_index(index: FaultyIndex) -> FaultyIndex:
    """Serve a package that needs another, and one that has to be built with a third."""
    for file in (DEMO, make_wheel("needed", "1.0"), BUILT, make_wheel("backend", "1.0")):
        index.add(file)
    return index


def test_a_user_with_a_cache_of_its_own(workbench: Workbench, demo_index: FaultyIndex) -> None:
    """Everything that is installed is the user's, and so is the cache in the mount."""
    home = "/home/app"
    mount = f"--mount=type=cache,id={workbench.name},uid={USER},target={home}/.cache/pip"
    tool = f"{workbench.tool_mount} {mount} resilient-pip"
    built = workbench.build(
        TRIXIE.image,
        f"RUN useradd --uid {USER} --create-home app",
        "USER app",
        f"RUN mkdir -p {home}/.cache/pip && python3 -m venv --without-pip {home}/env",
        f"RUN {tool} --python {home}/env --index-url {demo_index.url} demo",
        f"RUN {tool} cache list && find {home}/.cache/pip ! -uid {USER} -exec echo not mine: {{}} +",
        f"RUN {home}/env/bin/python -c 'import demo, needed'",
    )
    assert built.exit_code == 0, built.whole.output
    assert DEMO.filename in built.told.output
    assert "not mine" not in built.told.output
    mine = {path: entry for path, entry in workbench.files(built.image).items() if path.startswith(home)}
    assert f"{home}/env/lib/python{TRIXIE.python}/site-packages/demo/__init__.py" in mine
    assert {path: entry for path, entry in mine.items() if entry[2:4] != (USER, USER)} == {}


@pytest.mark.parametrize(
    ("user", "before"),
    [
        pytest.param("root", "env -i PATH=$PATH", id="no-variables"),
        pytest.param(f"{USER}:{USER}", "", id="no-name"),
        pytest.param(f"{USER}:{USER}", "env HOME=/nowhere", id="home-is-missing"),
    ],
)
def test_no_home(workbench: Workbench, demo_index: FaultyIndex, user: str, before: str) -> None:
    """A process without HOME, or a user whom the image does not know, installs all the same."""
    tool = f"{workbench.tool_mount} {before} resilient-pip"
    built = workbench.build(
        TRIXIE.image,
        "RUN python3 -m venv --without-pip /opt/app && chmod -R a+rwX /opt/app",
        f"USER {user}",
        f"RUN {tool} --python /opt/app --index-url {demo_index.url} demo",
        "RUN /opt/app/bin/python -c 'import demo, needed'",
    )
    assert built.exit_code == 0, built.whole.output


def test_an_image_without_pip(workbench: Workbench, demo_index: FaultyIndex) -> None:
    """What has to be built is built too, and there is no pip afterwards either."""
    built = workbench.build(
        WITHOUT_PIP,
        workbench.install(demo_index.url, "--break-system-packages", "demo", "built"),
        "RUN python3 -c 'import demo, needed, built' && ! python3 -m pip --version",
    )
    assert built.exit_code == 0, built.whole.output


@pytest.mark.parametrize("base", [pytest.param(base, id=base.suite) for base in (TRIXIE, BOOKWORM)])
def test_an_externally_managed_python(workbench: Workbench, demo_index: FaultyIndex, base: Base) -> None:
    """It is refused as pip refuses it, in the distribution's words, before anything is asked of the index."""
    ours = workbench.build(base.image, workbench.install(demo_index.url, "demo"))
    assert ours.command_exit == 1, ours.whole.output
    assert demo_index.requests == []
    pip = workbench.build(base.image, f"RUN pip install --index-url {demo_index.url} demo")
    assert pip.command_exit == 1, pip.whole.output
    explained = [re.sub(r"^\W+", "", line.text) for line in pip.told.lines]
    wanted = [text for text in explained if text and not text.startswith(("error:", "note:", "hint:"))]
    assert len(wanted) > 5
    assert [text for text in wanted if text not in ours.told.output] == []


def test_a_read_only_root(workbench: Workbench, demo_index: FaultyIndex) -> None:
    """With a tmpfs at /tmp the tool writes nowhere else; a target elsewhere is refused at once."""
    image = workbench.build(TRIXIE.image, f"COPY --from={workbench.tool} /resilient-pip.pyz {TOOL}").image
    read_only = ("--read-only", "--tmpfs=/tmp")
    script = (
        "python3 -m venv --without-pip /tmp/app"
        f" && resilient-pip --python /tmp/app --index-url {demo_index.url} demo"
        " && /tmp/app/bin/python -c 'import demo, needed'"
    )
    run = workbench.run(image, "sh", "-c", script, options=read_only)
    assert run.returncode == 0, run.output
    asked = len(demo_index.requests)
    words = ("resilient-pip", "--break-system-packages", "--index-url", demo_index.url, "demo")
    refused = workbench.run(image, *words, options=read_only)
    assert refused.returncode == 73, refused.output
    assert "Read-only file system" in refused.block["cause"]
    assert demo_index.requests[asked:] == []
