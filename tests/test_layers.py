"""Who may import whom: the table of docs/architecture.md, held by the syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "resilient_pip"
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))

LAYERS: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        (
            {"resilient_pip", "units", "urls"},
            {"model", "lines"},
            {"errors", "events"},
            {"settings", "advice", "argument_parser", "disk", "failing", "logs", "phases", "statistics"},
            {"policy", "index", "report", "pip_options", "implied"},
            {"job", "requirements", "child", "target", "cache"},
            {"pip_adapter", "transport", "workspace"},
            {"fetch", "mirrors"},
            {"gateway", "plan"},
            {"build", "install", "plan_files"},
            {"delivery", "direct", "dry_run", "remote_requirements"},
            {"detour", "first_look"},
            {"frozen", "planning", "preparation"},
            {"services"},
            {"steps"},
            {"beginning"},
            {"session", "report_file", "cache_command", "config_command", "lint_command", "plan_command"},
            {"exec_command"},
            {"ui"},
            {"cli"},
            {"__main__"},
        ),
    )
)
"""From the bottom up: a part may import itself and what stands in the layers below its own."""
LEVELS = {part: level for level, layer in enumerate(LAYERS) for part in layer}

UI_MAY_IMPORT = frozenset(
    {"ui", "resilient_pip", "units", "urls", "model", "lines", "errors", "events", "advice", "report"}
)

DOORS: dict[str, str] = {
    "httpx": "transport/client.py",
    "httpcore": "transport/client.py",
    "truststore": "transport/tls.py",
    "certifi": "transport/tls.py",
    "tenacity": "transport/retry.py",
    "tqdm": "ui/bars.py",
    "tomli": "cli.py",
    "tomllib": "cli.py",  # Python 3.10 does not count it as its own
    "pip": "pip_adapter",
    "starlette": "gateway",
    "uvicorn": "gateway",
}
"""Third party to the one module or package that imports it; anyio and packaging are used everywhere."""
EVERYWHERE = frozenset({"anyio", "packaging", "resilient_pip"}) | sys.stdlib_module_names


CHANGING = frozenset({"child.process", "install.installer", "install.repair", "install.unfinished"})
"""What a change of the target needs."""
DEFERRED = frozenset(
    {("beginning.py", "remote_requirements"), ("beginning.py", "steps"), ("cli.py", "exec_command.running")}
)
"""What a run with nothing to do does not load: where it is imported, and the module that imports the rest."""


def imports_of(module: Path) -> Iterator[str]:
    """The dotted names that a module imports, wherever the statement stands."""
    for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                assert node.module, f"{module}:{node.lineno}: imports are absolute"
                if node.module == "resilient_pip":
                    yield from (
                        alias.name if alias.name.startswith("__") else f"resilient_pip.{alias.name}"
                        for alias in node.names
                    )
                else:
                    yield node.module
            case _:
                pass


def part_of(module: Path) -> str:
    """The part of the package that a module belongs to: its folder, or itself."""
    first = module.parts[0].removesuffix(".py")
    return "resilient_pip" if first == "__init__" else first


def own_parts(module: Path) -> set[str]:
    """The parts of this package that a module imports."""
    return {name.split(".")[1] for name in imports_of(module) if name.startswith("resilient_pip.")}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_downwards(module: Path) -> None:
    """Each module imports only its own part and the layers below; a new part needs a place in the table."""
    own = part_of(module)
    assert own in LEVELS, f"say in LAYERS where {own} stands"
    assert {
        part for part in own_parts(module) if part != own and LEVELS.get(part, 99) >= LEVELS[own]
    } == set()


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_the_ui_listens_and_is_not_known(module: Path) -> None:
    """Ui knows events and values only, and nothing but the command line knows ui."""
    parts = own_parts(module)
    if part_of(module) == "ui":
        assert parts <= UI_MAY_IMPORT
    elif part_of(module) != "cli":
        assert "ui" not in parts


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_third_parties_have_one_door(module: Path) -> None:
    """Each is imported in one place, so that it can be exchanged there."""
    foreign = {name.split(".")[0] for name in imports_of(module)} - EVERYWHERE
    strangers = {
        name
        for name in foreign
        if not module.as_posix()
        .removesuffix(".py")
        .startswith(DOORS.get(name, "nowhere").removesuffix(".py"))
    }
    assert strangers - {"__version__"} == set()


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_one_colour(module: Path) -> None:
    """All waiting goes through anyio; asyncio has no place of its own."""
    assert "asyncio" not in {name.split(".")[0] for name in imports_of(module)}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_import_hides_in_a_function(module: Path) -> None:
    """What the tool needs is loaded before it changes the environment that it may live in.

    A run with nothing to do loads no more than it needs. Where one goes on, the rest is imported at once.
    """
    functions = [
        node
        for node in ast.walk(ast.parse((PACKAGE / module).read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    hidden = {
        (module.as_posix(), (node.module if isinstance(node, ast.ImportFrom) else "") or "")
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert hidden == {(where, f"resilient_pip.{name}") for where, name in DEFERRED if where == str(module)}


def test_what_changes_the_target_is_imported_last() -> None:
    """Whatever a run may do to the target, it first has to import `steps`, and with that everything else."""
    code = (
        "import sys, resilient_pip.cli\n"
        "before = set(sys.modules)\n"
        "import resilient_pip.steps\n"
        "print(*sorted(name for name in before if name.startswith('resilient_pip.')))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('resilient_pip.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, everything = (set(line.split()) for line in done.stdout.splitlines())
    assert first & {f"resilient_pip.{name}" for name in CHANGING} == set()
    programs = {"__main__", "child.guardian", "install.compiler", "remote_requirements", "target.probe"}
    programs |= {"exec_command.process", "exec_command.running"}
    names = {".".join(module.with_suffix("").parts).removesuffix(".__init__") for module in MODULES}
    assert {f"resilient_pip.{name}" for name in names - programs - {"__init__"}} <= everything
