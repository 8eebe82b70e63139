"""Keyring: what it is asked, when, and that it is neither waited for nor asked for ever."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from resilient_pip.events import Event, Noted
from resilient_pip.transport.credentials import Credentials
from resilient_pip.transport.keyring import Keyring
from resilient_pip.transport.login import Login
from tests.unit.transfers import run

ANN, BOB = Login(user="ann", password="1"), Login(user="bob", password="2")
PAGE = "https://host/simple/torch/"
MODULE = """
import types

def get_credential(service, user):
    return types.SimpleNamespace(username="bob", password="2")
"""


class Program:
    """A `keyring` on a PATH of its own, which writes down what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self._log = folder / "asked"

    def answers(self, body: str) -> None:
        """Say what it does: the body of a Python program that has `asked`, its arguments after "get"."""
        path = self.folder / "keyring"
        path.write_text(
            f"#!{sys.executable}\n"
            "import json, sys, time\n"
            "asked = sys.argv[sys.argv.index('get') + 1 :]\n"
            f"open({str(self._log)!r}, 'a').write(json.dumps(asked) + '\\n')\n"
            f"{body}\n"
        )
        path.chmod(stat.S_IRWXU)

    def keyring(self, provider: str = "subprocess", *, longest_s: float = 30.0) -> Keyring:
        """Make what asks it."""
        return Keyring(
            provider,
            python=sys.executable,
            environ={"PATH": str(self.folder), "PYTHONPATH": str(self.folder)},
            emit=self.events.append,
            longest_s=longest_s,
        )

    @property
    def asked(self) -> list[list[str]]:
        """What it was asked so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A program that knows ann of one host and nothing else."""
    made = Program(tmp_path)
    made.answers(
        "if asked[0] != 'host': sys.exit(1)\nprint(json.dumps({'username': 'ann', 'password': '1'}))"
    )
    return made


def test_index_url_first_then_the_host(program: Program) -> None:
    """With the user where one is named; after that nobody is asked again."""
    credentials = Credentials(["https://ann@host/simple"], {"HOME": "/none"}, program.keyring())

    async def main() -> None:
        sent = credentials.login_for(PAGE)
        assert sent == Login(user="ann", password="")
        assert await credentials.learn(PAGE, sent)
        assert credentials.login_for(PAGE) == ANN
        assert credentials.told(credentials.login_for(PAGE)) == "with the login of keyring"
        assert await credentials.learn(PAGE, sent)  # another request that was under way
        assert credentials.login_for("https://other/") is None

    run(main)
    assert program.asked == [["https://host/simple/", "ann"], ["host", "ann"]]


def test_a_login_that_is_refused_is_asked_for_once_more(program: Program) -> None:
    """A token that has expired is renewed; what stays wrong is asked for no more."""
    program.answers(
        "n = sum(1 for _ in open(__file__.replace('keyring', 'asked')))\n"
        "user, password = [('ann', '1'), ('bob', '2'), ('bob', '2')][n - 1]\n"
        "print(json.dumps({'username': user, 'password': password}))"
    )
    credentials = Credentials([], {"HOME": "/none"}, program.keyring())

    async def main() -> None:
        assert await credentials.learn(PAGE, None)
        assert await credentials.learn(PAGE, ANN)
        assert credentials.login_for(PAGE) == BOB
        assert not await credentials.learn(PAGE, BOB)
        assert not await credentials.learn(PAGE, BOB)

    run(main)
    assert program.asked == [["host"]] * 3


def test_netrc_comes_first_and_keyring_after_its_refusal(program: Program, tmp_path: Path) -> None:
    """A whole login of a URL is never asked about."""
    (tmp_path / ".netrc").write_text("machine host login old password x\n")
    credentials = Credentials(["https://a:b@own/"], {"HOME": str(tmp_path)}, program.keyring())

    async def main() -> None:
        sent = credentials.login_for(PAGE)
        assert sent == Login(user="old", password="x")
        assert credentials.told(sent) == f"with the login of {tmp_path / '.netrc'}"
        assert await credentials.learn(PAGE, sent)
        assert credentials.login_for(PAGE) == ANN
        assert not await credentials.learn("https://own/x", Login(user="a", password="b"))

    run(main)
    assert program.asked == [["host"]]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param("time.sleep(60)", "no answer within 2 s", id="hangs"),
        pytest.param("print('hello')", "its answer is not what was asked for", id="no JSON"),
        pytest.param("print('[' * 100_000)", "its answer is not what was asked for", id="deep"),
        pytest.param("print('{}')", "its answer is not what was asked for", id="no login"),
        pytest.param(
            "print('error: unrecognized arguments: --mode=creds', file=sys.stderr); sys.exit(2)",
            "it is older than 25.2.1 and has to be upgraded",
            id="old",
        ),
    ],
)
def test_what_fails_is_asked_no_more(program: Program, body: str, told: str) -> None:
    """One line says why."""
    program.answers(body)
    keyring = program.keyring(longest_s=2.0)

    async def main() -> None:
        assert await keyring.find(["a", "b"], None) is None
        assert await keyring.find(["c"], None) is None

    run(main)
    assert program.asked == [["a"]]
    assert program.events == [Noted(message=f"keyring is not asked any more: {told}")]


@pytest.mark.parametrize(
    ("provider", "module", "expected"),
    [
        pytest.param("import", MODULE, BOB, id="import"),
        pytest.param("import", "raise ImportError", None, id="nothing to import"),
        pytest.param("subprocess", MODULE, ANN, id="subprocess"),
        pytest.param("auto", MODULE, BOB, id="auto: the module first"),
        pytest.param("auto", "raise ImportError", ANN, id="auto: else the program"),
        pytest.param("disabled", MODULE, None, id="disabled"),
    ],
)
def test_providers_are_those_of_pip(
    program: Program, provider: str, module: str, expected: Login | None
) -> None:
    """The module is that of the target's interpreter; where it has one, that is the only one asked."""
    (program.folder / "keyring.py").write_text(module)
    keyring = program.keyring(provider)

    async def main() -> Login | None:
        return await keyring.find(["host"], None)

    assert run(main) == expected
    assert program.events == []


def test_a_module_that_fails_is_told(program: Program) -> None:
    """As pip does: with what it says."""
    (program.folder / "keyring.py").write_text("def get_credential(*_): raise OSError('it is locked')")
    keyring = program.keyring("auto")

    async def main() -> None:
        assert await keyring.find(["host", "https://host/"], None) is None

    run(main)
    told = "keyring is not asked any more: it fails with OSError: it is locked"
    assert program.events == [Noted(message=told)]
    assert program.asked == []
