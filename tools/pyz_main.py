"""What the zip application runs first, as its `__main__.py`: puts the environment out of reach, then starts.

Every Python has to be able to read this, also one that is too old: no annotations, no f-strings. What .pth
files and sitecustomize do happens before, as it does before every Python program.
"""

import os
import sys

if sys.version_info < (3, 10):  # no installer has looked at Requires-Python
    sys.stderr.write(
        "resilient-pip: needs Python 3.10 or newer; %s is Python %s\n"
        % (sys.executable, sys.version.split()[0])
    )
    sys.exit(1)

from zipimport import zipimporter

ARCHIVE = os.path.abspath(sys.path[0])
STDLIB = os.path.dirname(os.__file__)


class Importer(zipimporter):
    """Python's own, but for one thing: that compiles each module twice, once just to tell its file name."""

    def get_filename(self, fullname):  # type: ignore[no-untyped-def]  # Python 2 has to be able to read it
        """Tell where the source of a module is."""
        path = os.path.join(self.archive, self.prefix + fullname.rpartition(".")[2])
        return os.path.join(path, "__init__.py") if self.is_package(fullname) else path + ".py"


sys.dont_write_bytecode = True  # next to the standard library, as nothing else is left to be imported from
sys.path[:] = [ARCHIVE] + [
    path for path in sys.path if path == STDLIB or os.path.basename(path) in ("lib-dynload", "DLLs")
]
sys.path_hooks.insert(0, Importer)
sys.path_importer_cache.clear()
# What .pth files have put there finds packages beyond sys.path (editable installations do so).
sys.meta_path[:] = [
    finder for finder in sys.meta_path if getattr(finder, "__module__", "").startswith("_frozen_importlib")
]
# What they have imported already may be of the same name as ours.
OWN = Importer(ARCHIVE)
for name in set(sys.modules) - {"__main__"}:
    if OWN.find_spec(name.partition(".")[0]):
        del sys.modules[name]

if sys.argv[1:] in (["--version"], ["-V"]):  # everything else takes long to import
    from resilient_pip import __version__

    print("resilient-pip " + __version__)
    sys.exit()

from pip._vendor import certifi

# requests asks for this path as it is imported. Of a file in an archive certifi makes a copy in TMPDIR, which
# would stay there where this process is killed. Nothing in this process uses pip's certificates.
certifi.where = lambda: os.path.join(ARCHIVE, "pip", "_vendor", "certifi", "cacert.pem")

from resilient_pip.__main__ import run

run()
