"""What the command lines of the differential test ask for: two indexes, and files of every form on disk."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.faultserver import FaultyIndex
from tests.support.pages import html_page, write_files
from tests.support.sources import commit, unpack
from tests.support.wheels import Distribution, make_sdist, make_wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything is: what the words of a command line are filled in with."""

    main: FaultyIndex
    other: FaultyIndex
    root: Path
    """The folder in which both tools run."""

    def fill(self, text: str) -> str:
        """Put the places into a text; {sha[NAME]} is a file's hash."""
        return text.format(
            index=self.main.url,
            other=self.other.url,
            files=self.main.url_of("/elsewhere"),
            root=self.root,
            url=self.root.as_uri(),
            env=self.root / "env",
            sha=HASHES,
        )


def _apps() -> Iterator[Distribution]:
    """Entry points, scripts, data and headers; files come and go from one version to the next."""
    for version, lib in (("1.0", "lib<2"), ("2.0", "lib>=2")):
        yield make_wheel(
            "App",
            version,
            [lib],
            files={
                "app/cli.py": f"VERSION = {version!r}\n\n\ndef main() -> None:\n    print(VERSION)\n",
                f"app/only_in_{version[0]}.py": "",
                "app/data/notes.txt": "notes\n",
                f"app-{version}.data/scripts/app-raw": "#!python\nprint('raw')\n",
                f"app-{version}.data/data/share/app/notes.txt": f"{version}\n",
                f"app-{version}.data/headers/app.h": f"/* {version} */\n",
                f"app-{version}.data/platlib/app_platform.py": "",
            },
            entry_points={"app": "app.cli:main"},
        )
        yield make_wheel("lib", version, extras={"fast": ["speed"]})


def _names() -> Iterator[Distribution]:
    """Extras, markers, and versions of every kind."""
    yield make_wheel("speed", "1.0")
    yield make_wheel("Dotted.Name_pkg", "1.0")
    yield make_wheel("bag", "1.0", extras={"a": ["speed"], "b": ["lib<2"], "all": ["bag[a,b]"]})
    yield make_wheel("marked", "1.0", ["speed; python_version >= '3'", "nowhere; python_version < '3'"])
    yield make_wheel("edge", "1.0")
    yield make_wheel("edge", "2.0b1")
    yield make_wheel("edge", "2.0.dev1")
    yield make_wheel("betaonly", "1.0b1")
    yield make_wheel("betaonly", "1.0b2")
    yield make_wheel("pulled", "1.0")
    yield make_wheel("pulled", "2.0", yanked="broken")
    yield make_wheel("gone", "1.0", yanked="broken")
    yield make_wheel("tuned", "1.0")
    yield make_wheel("tuned", "1.0+cpu")
    yield make_wheel("tuned", "1.0.post1")
    yield make_wheel("epoch", "9.0")
    yield make_wheel("epoch", "1!1.0")
    yield make_wheel("modern", "1.0")
    yield make_wheel("modern", "2.0", requires_python=">=99")
    yield make_wheel("space-one", "1.0", files={"space/one.py": "ONE = 1\n"})
    yield make_wheel("space-two", "1.0", files={"space/two.py": "TWO = 2\n"})
    yield make_wheel("twin-one", "1.0", files={"twins/__init__.py": "OWNER = 1\n"})
    yield make_wheel("twin-two", "1.0", files={"twins/__init__.py": "OWNER = 2\n"})
    yield make_wheel("chicken", "1.0", ["egg"])
    yield make_wheel("egg", "1.0", ["chicken"])
    yield make_wheel("wants-old", "1.0", ["lib<2"])
    yield make_wheel("wants-new", "1.0", ["lib>=2"])
    yield make_wheel("orphan", "1.0", ["nowhere"])
    # Its newest version cannot be had; pip steps back.
    yield make_wheel("stepping", "1.0", ["lib"])
    yield make_wheel("stepping", "2.0", ["lib>=9"])
    yield _renamed(make_wheel("foreign", "1.0"), "cp39-cp39-win_amd64")
    yield _renamed(make_wheel("foreign", "2.0"), "cp39-abi3-manylinux_2_17_x86_64")
    yield _renamed(make_wheel("built-twice", "1.0"), "1-py3-none-any")
    yield _renamed(make_wheel("built-twice", "1.0", files={"second.py": ""}), "2-py3-none-any")


def _sources() -> Iterator[Distribution]:
    """What has to be built, and what it is built with."""
    yield make_sdist("source", "1.0", ["lib<2"])
    yield make_sdist("source", "2.0", ["lib"])
    yield make_wheel("both", "1.0")
    yield make_sdist("both", "1.0")
    yield make_sdist("both", "1.1")
    yield make_wheel("build-tool", "1.0")
    yield make_wheel("build-tool", "2.0")
    yield make_sdist("native", "1.0", ["speed"], build_requires=["build-tool"])
    yield make_sdist("broken", "1.0", fails_with="no compiler here")


def _elsewhere() -> Iterator[Distribution]:
    """Files that no index lists; projects of the same names may be on one."""
    yield make_wheel("direct", "1.0", ["lib"], extras={"more": ["speed"]})
    yield make_sdist("archive", "1.0", ["lib"])
    yield _zipped(make_sdist("zipped", "1.0"))
    yield make_sdist("compiled", "1.0", build_requires=["build-tool"])
    yield _tree("tree", INNER)
    yield make_wheel("tuned", "3.0+local.1")
    yield make_wheel("lib", "5.0", files={"lib/of_the_url.py": ""})
    yield make_sdist("lib", "6.0")


def _found() -> Iterator[Distribution]:
    """Files of a --find-links location."""
    yield make_wheel("lib", "3.0")
    yield make_wheel("found", "1.0", ["lib"])
    yield make_sdist("found-source", "1.0")


INNER = make_sdist("inner", "1.0", ["speed"])
LOCAL = make_sdist("local", "1.0", ["lib"], extras={"fast": ["speed"]})
FOLDERS = {
    "local": LOCAL,
    "with space": make_sdist("spacious", "1.0", ["speed"]),
    "tree/inner": INNER,
    "compiled": make_sdist("compiled", "1.0", build_requires=["build-tool"]),
    "failing": make_sdist("failing", "1.0", fails_with="no compiler here"),
    # A project of the same name and version, and a newer one, are on the index.
    "lib": make_sdist("lib", "1.0"),
    "app": make_sdist("App", "1.0", ["lib"]),
}
FILES: Mapping[str, str] = {
    "nested/outer.txt": "# a comment\n-r inner.txt\n-c limits.txt\nspace-one  # another\n",
    "nested/inner.txt": "app \\\n  >=1\n./local\n",
    "nested/limits.txt": "lib<2\nspeed==1.0\n",
    "limits.txt": "lib<2\n",
    "limits-url.txt": "lib @ {files}/lib-5.0-py3-none-any.whl\n",
    "build-limits.txt": "build-tool<2\n",
    "pinned.txt": "app==1.0 --hash=sha256:{sha[app-1.0-py3-none-any.whl]}\n"
    "lib==1.0 \\\n  --hash=sha256:" + "0" * 64 + " \\\n  --hash=sha256:{sha[lib-1.0-py3-none-any.whl]}\n",
    "pinned-half.txt": "app==1.0 --hash=sha256:{sha[app-1.0-py3-none-any.whl]}\nlib==1.0\n",
    "pinned-wrong.txt": "speed==1.0 --hash=sha256:" + "0" * 64 + "\n",
    "pinned-source.txt": "source==1.0 --hash=sha256:{sha[source-1.0.tar.gz]}\n"
    "lib==1.0 --hash=sha256:{sha[lib-1.0-py3-none-any.whl]}\n",
    "pinned-url.txt": "direct @ {files}/direct-1.0-py3-none-any.whl"
    " --hash=sha256:{sha[direct-1.0-py3-none-any.whl]}\n"
    "lib==1.0 --hash=sha256:{sha[lib-1.0-py3-none-any.whl]}\n",
    "options.txt": "--index-url {other}\n--pre\nedge\nelsewhere\n",
    "settings.txt": "source --config-settings=key=value -C other=1\n",
    "binary.txt": "--no-binary both\n--prefer-binary\nboth\n",
    "bad.txt": "app\n=nonsense=\n",
    "empty.txt": "# nothing\n",
    "pyproject.toml": '[dependency-groups]\ntest = ["app<2", {{include-group = "more"}}]\nmore = ["speed"]\n',
    "conf/index.conf": "[global]\nindex-url = {index}\n[install]\nno-compile = true\n",
    "conf/indexes.conf": "[global]\nindex-url = {other}\nextra-index-url =\n    {index}\npre = true\n",
}


def serve(places: Places) -> None:
    """Put everything on the indexes."""
    main = places.main
    for distribution in (*LISTED, *_by_url(places)):
        main.add(distribution)
    for distribution in ELSEWHERE:
        main.put(f"/elsewhere/{distribution.filename}", distribution.content)
    listed = html_page("", FOUND, replace(main.shape, metadata=False), lambda file: file.filename)
    main.put("/found/", listed, "text/html")
    for distribution in FOUND:
        main.put(f"/found/{distribution.filename}", distribution.content)
    for distribution in (
        make_wheel("lib", "4.0"),
        make_wheel("elsewhere", "1.0"),
        make_wheel("edge", "3.0rc1"),
    ):
        places.other.add(distribution)
    main.put("/limits.txt", b"lib<2\n", "text/plain")
    main.put("/requirements.txt", b"app\nspace-one\n-c limits.txt\n", "text/plain")


def write(places: Places) -> None:
    """Put everything into the folder."""
    root = places.root
    write_files(root / "found", FOUND)
    write_files(root / "files", ELSEWHERE)
    write_files(root / "files with space", [make_wheel("direct", "1.0", ["lib"])])
    for name, sdist in FOLDERS.items():
        unpack(sdist, root / name)
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(places.fill(text))
    repository = root / "repository"
    unpack(INNER, repository / "inner")
    for version in ("1.0", "2.0"):
        commit(unpack(make_sdist("checked", version, ["speed"]), repository), tag=f"v{version}")


def _by_url(places: Places) -> Iterator[Distribution]:
    """Projects whose metadata asks for others by URL."""
    url = places.root.as_uri()
    yield make_wheel("needs-url", "1.0", [places.fill("direct @ {files}/direct-1.0-py3-none-any.whl")])
    yield make_wheel("needs-archive", "1.0", [places.fill("archive @ {files}/archive-1.0.tar.gz")])
    yield make_wheel("needs-git", "1.0", [f"checked @ git+{url}/repository@v1.0"])
    yield make_wheel("needs-folder", "1.0", [f"local @ {url}/local"])


def _renamed(wheel: Distribution, tag: str) -> Distribution:
    return replace(wheel, filename=wheel.filename.replace("py3-none-any", tag))


def _zipped(sdist: Distribution) -> Distribution:
    """Pack an sdist as .zip, which pip takes too."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(sdist.content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None, member
            new.writestr(zipfile.ZipInfo(member.name, (2020, 1, 1, 0, 0, 0)), content.read())
    filename = sdist.filename.replace(".tar.gz", ".zip")
    return replace(sdist, filename=filename, content=buffer.getvalue())


def _tree(name: str, inner: Distribution) -> Distribution:
    """Pack an archive with a project in a folder of it."""
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(inner.content)) as old,
        tarfile.open(fileobj=buffer, mode="w") as new,
    ):
        for member in old:
            file = old.extractfile(member)
            member.name = f"{name}-1.0/{inner.name}/{member.name.partition('/')[2]}"
            new.addfile(member, file)
    return replace(inner, name=name, filename=f"{name}-1.0.tar", content=buffer.getvalue())


LISTED = (*_apps(), *_names(), *_sources())
ELSEWHERE = tuple(_elsewhere())
FOUND = tuple(_found())
HASHES = {distribution.filename: distribution.sha256 for distribution in (*LISTED, *ELSEWHERE)}
