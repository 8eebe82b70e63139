"""Stands before the standard library's `compileall`: so a compiler, which reads no .pth, obeys orders."""

import importlib.util
import sys
import sysconfig
from importlib.machinery import PathFinder
from pathlib import Path

hook = Path(__file__).parents[1] / "death_hook.py"
exec(hook.read_text(), {"__name__": "hook"})  # noqa: S102 - our own file
spec = PathFinder.find_spec(__name__, [sysconfig.get_path("stdlib")])
assert spec
assert spec.loader
sys.modules[__name__] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[__name__])
