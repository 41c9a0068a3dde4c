"""A program that stands alone: built and run with the commands of docs/motion2nx.md, and what may go wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ezprivsecfl as ez
from ezprivsecfl.backends.motion2nx.installation import VARIABLE
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.standalone import Round

pytestmark = [
    pytest.mark.skipif(VARIABLE not in os.environ, reason=f"needs a built MOTION2NX: set {VARIABLE}"),
    pytest.mark.timeout(1200),
]
ROOT = Path(__file__).parents[3]
CLIENTS = 10
PROOF_FAILS = "its proof that its values are within the bounds does not hold"


def blocks(language: str) -> list[str]:
    page = (ROOT / "docs" / "motion2nx.md").read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)


def both(started: Sequence[subprocess.Popen[str]], seconds: float = 120) -> list[tuple[int, str, str]]:
    """Exit code, output and errors of both servers."""
    done = []
    for process in started:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            for one in started:
                one.kill()
            raise
        done.append((process.returncode, out, err))
    return done


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Options = dict[str, str]
JSON = {"--json": ""}


@dataclass
class Alone:
    """The page's folder: FLTrust's sources in ``programs/fltrust``, built in ``fltrust-build``."""

    folder: Path

    def started(self, command: Sequence[str | Path], folder: Path | None = None) -> subprocess.Popen[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            command,
            cwd=folder or self.folder,
            env=os.environ | {"PATH": path, "OMP_WAIT_POLICY": "passive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def page(self, commands: Sequence[str]) -> list[subprocess.Popen[str]]:
        """Starts the page's commands, on ports that are free here."""
        ports = {"7000": str(free_port()), "7001": str(free_port())}
        return [
            self.started(["bash", "-ec", re.sub("7000|7001", lambda found: ports[found[0]], command)])
            for command in commands
        ]

    def servers(self, work: Path, *changes: Options, protocol: str = "gmw") -> list[subprocess.Popen[str]]:
        """Starts one or both, each with its own changes of the options."""
        port = free_port()
        given = [options(work, party, port, protocol) | change for party, change in enumerate(changes)]
        return [self.server(work, one) for one in given]

    def server(self, work: Path, given: Options, *more: str) -> subprocess.Popen[str]:
        words = [word for name, value in given.items() for word in (name, *value.split(" ")) if word]
        return self.started([self.folder / "fltrust-build" / "server", *words, *more], work)

    def round(self, work: Path, clients: int = CLIENTS) -> Round:
        """A round to which all clients have uploaded."""
        made = Round.make(self.folder / "programs" / "fltrust", clients, {"root_update": root_update()})
        made.write(work / "round.json")
        for client in range(clients):
            made.share(client, {"updates": update(client)}, work / "to0", work / "to1")
        return made


def options(work: Path, party: int, port: int, protocol: str = "gmw") -> Options:
    """A server's options; the value of an option that is to be there twice has the option itself in it."""
    return {
        "--party": f"0,127.0.0.1,{port} --party 1,127.0.0.1,1",
        "--my-id": str(party),
        "--arithmetic-protocol": protocol,
        "--round": str(work / "round.json"),
        "--shares": str(work / f"to{party}"),
        "--results": str(work / f"results{party}"),
        "--timeout": "20",
    }


def update(client: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(client).normal(0.02, 0.05, 3372).astype(np.float32)


def root_update() -> np.ndarray[Any, Any]:
    return update(1000)


def fltrust_of(clients: Sequence[int]) -> np.ndarray[Any, Any]:
    root = root_update().astype(np.float64)
    rows = [update(client).astype(np.float64) for client in clients]
    directions = [row / np.linalg.norm(row) for row in rows]
    scores = [max(0.0, float(d @ root) / float(np.linalg.norm(root))) for d in directions]
    total = sum(s * d for s, d in zip(scores, directions, strict=True))
    return np.asarray(total / sum(scores) * np.linalg.norm(root))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """Compiled and built as the page says."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "examples").symlink_to(ROOT / "examples")
    (folder / "motion2nx-build").symlink_to(os.environ[VARIABLE])
    (folder / "engine").symlink_to(Path(_duet.cmake_dir()).parents[3])
    made = Alone(folder)
    for command in blocks("sh")[:2]:
        ((code, out, err),) = both(made.page([command]), seconds=900)
        assert code == 0, out + err
    return made


@pytest.fixture
def page_modules(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(alone.folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "fltrust", raising=False)
    yield
    sys.modules.pop("fltrust", None)


def test_the_page(alone, page_modules, capsys):
    namespace: dict[str, Any] = {}
    make, upload, finish = blocks("python")
    exec(make + upload, namespace)
    for code, _, err in both(alone.page(blocks("sh")[2:])):
        assert code == 0, err
    exec(finish, namespace)
    assert capsys.readouterr().out
    program = ez.compile(sys.modules["fltrust"].fltrust, clients=CLIENTS, backend="plain")
    updates, root = namespace["updates"][:CLIENTS], namespace["root_update"]
    expected = program.simulate(updates, root)
    assert np.max(np.abs(namespace["result"] - expected)) < 1e-5 * np.max(np.abs(expected))
    opened = [np.load(alone.folder / f"results{party}" / "opened0.npy") for party in (0, 1)]
    np.testing.assert_array_equal(*opened)
    assert [os.listdir(alone.folder / f"to-server{party}") for party in (0, 1)] == [[], []]


@pytest.mark.parametrize("protocol", ["gmw", "beavy"])
def test_bad_clients_are_left_out_and_named(alone, tmp_path, protocol):
    """Whatever they have sent to whichever server; the result is that of all others."""
    made = alone.round(tmp_path)
    spoil: dict[int, Callable[[Path, Path], object]] = {
        0: lambda first, second: flip(second, -1),  # its proof
        1: lambda first, second: flip(second, 40),  # its values
        2: lambda first, second: flip(first, 40),  # its seed
        3: lambda first, second: os.truncate(second, 100),
        4: lambda first, second: first.unlink(),
        5: lambda first, second: (first.unlink(), first.symlink_to("/dev/zero")),
        6: lambda first, second: (second.unlink(), os.mkfifo(second)),
    }
    for client, act in spoil.items():
        act(*(tmp_path / f"to{party}" / f"client-{client}.share" for party in (0, 1)))
    for party in (0, 1):
        shutil.copy(tmp_path / f"to{party}" / "client-9.share", tmp_path / f"to{party}" / "client-10.share")
        shutil.copy(tmp_path / f"to{party}" / "client-9.share", tmp_path / f"to{party}" / "client-09.share")
    done = both(alone.servers(tmp_path, JSON, JSON, protocol=protocol))
    assert [code for code, _, _ in done] == [0, 0], done
    reports = [json.loads(out) for _, out, _ in done]
    for party, report in enumerate(reports):
        assert report == json.loads((tmp_path / f"results{party}" / "report.json").read_text())
        assert report["clients"] == [7, 8, 9]
        assert report["arithmetic_protocol"] == protocol.upper()
        reasons = {client: why for client, why in report["dropped"] if client is not None}
        assert sorted(reasons) == list(range(7))
        assert [reasons[client] for client in (0, 1, 2)] == [PROOF_FAILS] * 3
        nameless = [why for client, why in report["dropped"] if client is None]
        assert len(nameless) == 2
        assert all("names no client of the round" in why for why in nameless)
        found = made.results(tmp_path / f"results{party}", {"root_update": root_update()})["result"]
        expected = fltrust_of([7, 8, 9])
        assert np.max(np.abs(found - expected)) < 1e-5 * np.max(np.abs(expected))
    # But for the message with which the framework's last phase ends, which may be counted too late.
    assert abs(reports[0]["bytes_sent"] - reports[1]["bytes_received"]) < 100
    reasons = [dict(report["dropped"]) for report in reports]
    assert "has 100 bytes instead of" in reasons[1][3]
    assert reasons[0][3] == "server 1 has no complete, valid upload of it"
    assert reasons[0][4] == "it has not uploaded anything"
    assert "cannot be read" in reasons[0][5]
    assert "is no file" in reasons[1][6]


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_an_upload_for_another_round_or_client_is_not_taken(alone, tmp_path):
    older = tmp_path / "older"
    older.mkdir()
    alone.round(older)
    alone.round(tmp_path)
    for party in (0, 1):
        to = f"to{party}"
        shutil.copy(older / to / "client-3.share", tmp_path / to / "client-3.share")
        shutil.copy(tmp_path / to / "client-5.share", tmp_path / to / "client-4.share")
    done = both(alone.servers(tmp_path, JSON, JSON))
    assert [code for code, _, _ in done] == [0, 0], done
    reasons = dict(json.loads(done[0][1])["dropped"])
    assert "its upload is for the round" in reasons[3]
    assert reasons[4] == "its upload names the client 5"
    assert sorted(reasons) == [3, 4]


def test_shares_serve_once(alone, tmp_path):
    alone.round(tmp_path, clients=3)
    kept = shutil.copytree(tmp_path / "to0", tmp_path / "kept0")
    assert [code for code, _, _ in both(alone.servers(tmp_path, {}, {}))] == [0, 0]
    assert [os.listdir(tmp_path / f"to{party}") for party in (0, 1)] == [[], []]
    other = {"--results": str(tmp_path / "other")}
    ((code, out, err),) = both(alone.servers(tmp_path, other))
    assert (code, out) == (2, "")
    assert "there is no upload for the round" in err
    ((code, out, err),) = both(alone.servers(tmp_path, {"--shares": str(kept)}))
    assert (code, out) == (2, "")
    assert "has the results of another round" in err
    assert len(os.listdir(kept)) == 3


def test_too_few_clients_open_nothing(alone, tmp_path):
    alone.round(tmp_path, clients=3)
    for client in (0, 1):
        flip(tmp_path / "to1" / f"client-{client}.share", -1)
    for code, out, err in both(alone.servers(tmp_path, {}, {})):
        assert (code, out) == (3, "")
        assert "1 clients left, but a round needs at least 2" in err
        assert f"client 0: {PROOF_FAILS}" in err
    assert [os.listdir(tmp_path / f"results{party}") for party in (0, 1)] == [[], []]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--my-id": "2"}, "--my-id 2: expected 0 or 1"),
        ({"--my-id": "x"}, "--my-id"),
        ({"--party": "0,127.0.0.1,7000"}, "--party is given 1 times"),
        ({"--party": "0,a,1 --party 0,b,2"}, "--party names server 0 twice"),
        ({"--party": "0,a,1 --party 1,b,70000"}, "--party 1,b,70000: expected ID,HOST,PORT"),
        ({"--party": "0,a,1 --party 1,b,0"}, "--party 1,b,0: expected ID,HOST,PORT"),
        ({"--party": "0,a,1 --party 1,b"}, "--party 1,b: expected ID,HOST,PORT"),
        ({"--party": "0,a,1 --party 1,,7"}, "--party 1,,7: expected ID,HOST,PORT"),
        ({"--party": "0,a,1 --party 2,b,7"}, "--party 2,b,7: expected ID,HOST,PORT"),
        ({"--arithmetic-protocol": "yao"}, "--arithmetic-protocol YAO: expected GMW or BEAVY"),
        ({"--threads": "-1"}, "--threads -1: expected 0 to 4096"),
        ({"--timeout": "0"}, "--timeout: expected seconds"),
        ({"--timeout": "nan"}, "--timeout"),
        ({"--round": "nowhere"}, "--round nowhere: cannot be read"),
        ({"--shares": "nowhere"}, "--shares nowhere: No such file"),
        ({"--results": "/dev/null/x"}, "--results /dev/null/x: "),
        ({"--unknown": ""}, "unrecognised option '--unknown'"),
        ({"--thread": "1"}, "unrecognised option '--thread'"),
        ({"--json": "stray"}, "positional"),
        ({"--round": "a --round b"}, "more than once"),
        (["--round"], "'--round' is required"),
        (["--my-id"], "'--my-id' is required"),
        (["--shares"], "'--shares' is required"),
        (["--party"], "'--party' is required"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_anything_is_sent(alone, tmp_path, change, message):
    """``change``: other options, or those that are left out."""
    alone.round(tmp_path, clients=2)
    given = options(tmp_path, 0, free_port())
    given = given | change if isinstance(change, dict) else {k: v for k, v in given.items() if k not in change}
    ((code, out, err),) = both([alone.server(tmp_path, given)])
    assert (code, out) == (2, "")
    assert message in err
    assert len(os.listdir(tmp_path / "to0")) == 2


def test_help(alone):
    ((code, out, err),) = both([alone.server(alone.folder, {"--help": ""})])
    assert (code, err) == (0, "")
    for option in ("--my-id", "--party", "--arithmetic-protocol", "--threads", "--json", "--round", "--shares"):
        assert option in out


@pytest.mark.parametrize("damage", ["text", "other program", "format", "clients", "publics"])
def test_a_wrong_round_is_refused(alone, tmp_path, damage):
    alone.round(tmp_path, clients=2)
    file = tmp_path / "round.json"
    found = json.loads(file.read_text())
    match damage:
        case "text":
            file.write_text(file.read_text()[:-10])
        case "other program":
            file.write_text(json.dumps(found | {"program": "ab" * 32}))
        case "format":
            file.write_text(json.dumps(found | {"format": 2}))
        case "clients":
            file.write_text(json.dumps(found | {"clients": 11}))
        case "publics":
            found["publics"][0]["values"][0]["data"] = "00"
            file.write_text(json.dumps(found))
    ((code, out, err),) = both(alone.servers(tmp_path, {}))
    assert (code, out) == (2, "")
    assert f"--round {file}" in err
    assert len(os.listdir(tmp_path / "to0")) == 2


@pytest.mark.parametrize(("what", "named"), [("protocol", "BEAVY"), ("round", "SHA-256")])
def test_servers_that_differ_end_before_shares_are_used(alone, tmp_path, what, named):
    alone.round(tmp_path, clients=2)
    other = tmp_path / "other.json"
    found = json.loads((tmp_path / "round.json").read_text())
    found["publics"][0]["lowest"] = [1]
    other.write_text(json.dumps(found))
    change = {"--arithmetic-protocol": "beavy"} if what == "protocol" else {"--round": str(other)}
    for code, out, err in both(alone.servers(tmp_path, {}, change)):
        assert (code, out) == (3, "")
        assert named in err
    assert [len(os.listdir(tmp_path / f"to{party}")) for party in (0, 1)] == [2, 2]


@pytest.mark.parametrize("victim", [0, 1])
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05])
def test_a_killed_server_ends_the_other(alone, tmp_path, victim, seconds):
    alone.round(tmp_path)
    started = alone.servers(tmp_path, {}, {})
    errors = started[victim].stderr
    assert errors is not None
    assert "connected" in errors.readline()
    time.sleep(seconds)
    os.kill(started[victim].pid, signal.SIGKILL)
    killed = time.monotonic()
    code, out, err = both([started[1 - victim]], seconds=30)[0]
    assert time.monotonic() - killed < 15
    started[victim].communicate()
    if seconds and code == 0:  # it was too late: the round was over
        assert "opened0.npy" in os.listdir(tmp_path / f"results{1 - victim}")
        return
    assert code in (3, 70)
    assert out == ""
    assert "server" in err.replace("connected with the other server", "")
    assert os.listdir(tmp_path / f"results{1 - victim}") == []


def test_a_server_that_never_comes_is_a_failure(alone, tmp_path):
    alone.round(tmp_path, clients=2)
    for party in (0, 1):
        given = options(tmp_path, party, free_port()) | {"--timeout": "0.5"}
        ((code, out, err),) = both([alone.server(tmp_path, given)])
        assert (code, out) == (3, "")
        assert f"fltrust, server {party}: " in err
        assert len(os.listdir(tmp_path / f"to{party}")) == 2
