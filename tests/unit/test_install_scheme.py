"""Where pip puts what: `resilient_pip.install.scheme`, against pip's own answer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pip
import pytest

from resilient_pip.install.layout import read_layout
from resilient_pip.install.scheme import Scheme, scheme_of
from resilient_pip.model import Install
from resilient_pip.target.environment import Target
from resilient_pip.target.usable import Destination
from tests.support.environments import Environment
from tests.support.wheels import make_wheel

USER_SITE = "/home/somebody/.local/lib/python3.11/site-packages"
ASK = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pip._internal.locations import get_scheme
scheme = get_scheme("app", **json.loads(sys.argv[2]))
print(json.dumps([scheme.purelib, scheme.platlib, scheme.scripts, scheme.data]))
"""


def target_of(environment: Environment) -> Target:
    """Describe a virtual environment."""
    return Target(
        python=str(environment.python),
        sees_global_site=False,
        managers_message=None,
        markers={},
        tags=(),
        purelib=str(environment.site_packages),
        platlib=str(environment.site_packages),
        user_site=USER_SITE,
        has_user_site=True,
        installed={},
    )


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        pytest.param((), {}, id="environment"),
        pytest.param(("--prefix=/p",), {"prefix": "/p"}, id="prefix"),
        pytest.param(("--root=/r",), {"root": "/r"}, id="root"),
        pytest.param(("--root=/r", "--prefix=/p"), {"root": "/r", "prefix": "/p"}, id="root-and-prefix"),
    ],
)
def test_it_is_pips(environment: Environment, options: tuple[str, ...], asked: dict[str, str]) -> None:
    """Packages, scripts and data go where pip's get_scheme says."""
    location = next((option.partition("=")[2] for option in reversed(options)), None)
    destination = Destination(folder=location or str(environment.site_packages))
    install = Install(requirements=(), install_options=options, location=location)
    scheme = scheme_of(target_of(environment), install, destination)
    argv = [str(environment.python), "-c", ASK, str(Path(pip.__file__).parents[1]), json.dumps(asked)]
    answer = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    ours = [scheme.purelib, scheme.platlib, scheme.base / "bin", scheme.base]
    assert list(map(str, ours)) == answer


def test_the_users_own(environment: Environment) -> None:
    """With --user, or where pip falls back to it: old versions may go from the environment all the same."""
    destination = Destination(folder=USER_SITE, by_default=True)
    scheme = scheme_of(target_of(environment), Install(requirements=()), destination)
    assert (scheme.home, scheme.base) == (Path(USER_SITE), Path("/home/somebody/.local"))
    assert scheme.libraries == (Path(USER_SITE), environment.site_packages)
    assert scheme.bases == (Path("/home/somebody/.local"), environment.root)


def test_everything_of_a_target_is_in_it(environment: Environment, tmp_path: Path) -> None:
    """All that a wheel brings is moved there, and nothing outside is touched."""
    install = Install(requirements=(), install_options=(f"--target={tmp_path}",), location=str(tmp_path))
    scheme = scheme_of(target_of(environment), install, Destination(folder=str(tmp_path)))
    assert scheme == Scheme(home=tmp_path, purelib=tmp_path, platlib=tmp_path, base=tmp_path, moved=True)


def test_the_files_of_a_wheel(tmp_path: Path) -> None:
    """Its root, its .data folders and entry points; no headers, and nothing that would leave its folder."""
    wheel = make_wheel(
        "app",
        "1.0",
        files={
            "app-1.0.data/scripts/raw": "",
            "app-1.0.data/data/share/a.txt": "",
            "app-1.0.data/purelib/pure.py": "",
            "app-1.0.data/headers/app.h": "",
            "../../../../outside.py": "",
        },
        entry_points={"run": "app:main"},
    )
    path = tmp_path / wheel.filename
    path.write_bytes(wheel.content)
    pure, plat = Path("/e/lib/python3/site-packages"), Path("/e/lib64/python3/site-packages")
    scheme = Scheme(home=pure, purelib=pure, platlib=plat, base=Path("/e"))
    assert read_layout(path, scheme).files == {
        *(pure / name for name in ("app/__init__.py", "pure.py")),
        *(pure / "app-1.0.dist-info" / name for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")),
        *(Path("/e") / name for name in ("bin/raw", "bin/run", "share/a.txt")),
    }
    path.write_bytes(b"no wheel")
    assert read_layout(path, scheme).files == set()
