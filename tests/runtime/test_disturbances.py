"""Interrupts, threads, dead processes, odd surroundings: a round is right or an error, and the next one works."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from on_duet import on_duet
from opened import assert_as_opened
from small_programs import TensorProgram, fltrust, weighted_mean

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError, RunError
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.types import DType
from ezprivsecfl.runtime import local_cluster as cluster_module
from ezprivsecfl.runtime import session as session_module
from ezprivsecfl.runtime.local_cluster import LocalCluster
from ezprivsecfl.runtime.wire import order

SMALL = compile_program(weighted_mean(3), Options(clients=4))
LARGE = compile_program(fltrust(3000), Options(clients=30))


def mean_of(value, clients=3):
    """A round of ``SMALL`` whose result is ``value``."""
    return {"value": [np.full(3, float(value))] * clients, "weight": [np.array(2.0)] * clients}, {}


def run_small(duet, value):
    result = duet.run(*mean_of(value)).outputs["result"]
    np.testing.assert_allclose(result, value, atol=1e-4)


def large_round(scale=1.0):
    rng = np.random.default_rng(0)
    return {"updates": list(rng.normal(0.3, scale, (30, 3000)))}, {"root": rng.normal(0.3, scale, 3000)}


@pytest.fixture
def own():
    """A cluster that a test may damage."""
    made = LocalCluster(timeout=5.0)
    yield made
    made.stop()


def gone(pids, seconds):
    deadline = time.monotonic() + seconds
    while any(os.path.exists(f"/proc/{p}") for p in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(os.path.exists(f"/proc/{p}") for p in pids)


@pytest.mark.parametrize("where", ["receive", "send"])
def test_after_an_interrupt_no_round_gets_the_results_of_another(own, monkeypatch, where):
    """Control-C in a notebook, while the driver waits for replies or while it sends uploads."""
    duet = on_duet(own, LARGE)
    duet.run(*large_round())
    pids, original, calls = own.pids, getattr(cluster_module, where), []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == (1 if where == "receive" else 7):
            raise KeyboardInterrupt
        return original(*args)

    with monkeypatch.context() as patched:
        patched.setattr(cluster_module, where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            duet.run(*large_round(0.5))
    assert gone(pids, 5)
    for scale in (1.0, 0.25):
        expected = PlainProgram(LARGE).run(*large_round(scale)).outputs
        assert_as_opened(duet.run(*large_round(scale)).outputs, expected)


def test_an_interrupt_between_two_uploads_leaves_no_upload_behind(own, monkeypatch):
    """Control-C while a client's values are split: the servers have what earlier clients uploaded."""
    duet = on_duet(own, SMALL)
    run_small(duet, 1.0)
    original, calls = session_module.share, []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(*args)

    with monkeypatch.context() as patched:
        patched.setattr(session_module, "share", interrupted)
        with pytest.raises(KeyboardInterrupt):
            duet.run(*mean_of(0.5))
    round_ = duet.run(*mean_of(0.25))
    np.testing.assert_allclose(round_.outputs["result"], 0.25, atol=1e-4)
    assert (round_.statistics.clients, round_.statistics.dropped) == (3, [])


def test_threads_do_not_get_each_others_results(cluster):
    first, second = on_duet(cluster, SMALL), on_duet(cluster, SMALL)

    def rounds(index):
        for _ in range(5):
            run_small((first, second)[index % 2], 0.25 * (index + 1))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(rounds, i) for i in range(4)]:
            done.result(timeout=60)


def test_a_server_that_died_between_rounds_costs_no_round(own):
    duet = on_duet(own, SMALL)
    run_small(duet, 1.0)
    pids = own.pids
    os.kill(pids[0], signal.SIGKILL)
    time.sleep(0.2)
    run_small(duet, 0.5)
    assert not set(pids) & set(own.pids)
    assert gone(pids, 0)


def test_a_stopped_server_is_given_up_on(own):
    """SIGSTOP: the connection stays open, nothing comes any more."""
    own.timeout = 1.0
    duet = on_duet(own, SMALL)
    run_small(duet, 1.0)
    pids = own.pids
    os.kill(pids[1], signal.SIGSTOP)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cluster_module, "GRACE_SECONDS", 1.0)
        with pytest.raises(RunError, match=r"server 1 .* the next round\s+starts new ones"):
            duet.run(*mean_of(1.0))
    assert gone(pids, 5)
    run_small(duet, 0.5)


def test_servers_end_when_the_driver_is_killed(tmp_path):
    code = (
        "import time; from ezprivsecfl.runtime.local_cluster import LocalCluster; "
        "c = LocalCluster(); c.start(); print(*c.pids, flush=True); time.sleep(60)"
    )
    driver = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert driver.stdout is not None
    with driver:
        pids = [int(p) for p in driver.stdout.readline().split()]
        assert len(pids) == 2
        driver.kill()
    assert gone(pids, 10)


def test_servers_end_with_the_driver_and_hold_no_pipe_of_it(tmp_path):
    """Under pytest or in a shell pipe the reader waits until everyone has closed the pipe."""
    code = (  # no stop
        "from ezprivsecfl.runtime.local_cluster import LocalCluster; c = LocalCluster(); c.start(); print(*c.pids)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    assert gone([int(p) for p in done.stdout.split()], 0)


def test_the_users_files_do_not_hide_modules_from_the_servers(own, tmp_path, monkeypatch):
    for name in ("random", "json", "numpy", "ezprivsecfl"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this is the file of the user')\n")
    monkeypatch.chdir(tmp_path)
    run_small(on_duet(own, SMALL), 1.0)


def test_a_long_temporary_folder(own, tmp_path, monkeypatch):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    run_small(on_duet(own, SMALL), 1.0)
    assert list(long.iterdir())
    own.stop()
    assert not list(long.iterdir())


def test_a_server_that_does_not_start_says_why(own, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RunError, match="server 0 did not start: exited with code 1"):
        own.start()
    assert own.pids == []
    monkeypatch.undo()
    own.start()
    assert len(own.pids) == 2


@pytest.mark.parametrize(("clients", "message"), [(0, "at least 2"), (1, "at least 2"), (5, "at most 4")])
def test_preparing_is_for_rounds_that_can_be(cluster, clients, message):
    with pytest.raises(InputError, match=message):
        on_duet(cluster, SMALL).prepare(clients)


def test_large_integers_are_exact_on_both_back_ends(cluster):
    b = TensorProgram("integers")
    b.returns(b.add(Sum, b.clients("x", 2, dtype=DType.I64), axes=(0,)))
    compiled = compile_program(b.build(), Options(clients=4, bounds=ParameterBounds.of({"x": 2.0**53})))
    given = {"x": [np.array([2**52 + 1, -(2**52) - 3])] * 3}
    for program in (on_duet(cluster, compiled), PlainProgram(compiled)):
        assert program.run(given, {}).outputs["result"].tolist() == [3 * (2**52 + 1), -3 * (2**52 + 3)]


class Proxy:
    """Stands between the servers and does ``harm`` to a chunk that server 1 sends once it is told to."""

    def __init__(self, target: int, harm) -> None:
        self.harm, self.armed = harm, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(target,), daemon=True).start()

    def _serve(self, target: int) -> None:
        with self._listener, self._listener.accept()[0] as one, socket.create_connection(("127.0.0.1", target)) as two:
            back = threading.Thread(target=self._forward, args=(two, one, False), daemon=True)
            back.start()
            self._forward(one, two, True)
            back.join(10)

    def _forward(self, source, sink, harmed) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(self.harm(data) if harmed and self.armed.is_set() else data)
            sink.shutdown(socket.SHUT_WR)


def flipped_first_byte(data: bytes) -> bytes:
    return bytes([data[0] ^ 0xFF]) + data[1:]


def garbage(data: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 4


@pytest.mark.parametrize("harm", [flipped_first_byte, garbage])
def test_a_corrupted_frame_is_a_typed_error_within_ten_seconds(own, harm):
    duet = on_duet(own, SMALL)
    run_small(duet, 1.0)
    name = duet.artefact.program_hash.hex()
    own.ask([order("load", program=name, folder=str(duet.artefact.folder))] * 2)
    port = own.ask([order("listen", program=name, host="127.0.0.1", port=0)])[0].header["port"]
    proxy = Proxy(port, harm)
    terms = {"program": name, "host": "127.0.0.1", "configuration": "", "timeout": 5}
    own.ask([order("meet", port=p, **terms) for p in (port, proxy.port)])
    pids = own.pids
    run_small(duet, 0.5)  # through the proxy, unharmed
    own.settle()  # the setup of the next round, too
    proxy.armed.set()
    started = time.monotonic()
    with pytest.raises(RunError, match=r"server 0 reports ProtocolError: .*\n.*next round starts with a new"):
        duet.run(*mean_of(1.0))
    assert time.monotonic() - started < 10
    run_small(duet, 0.25)
    assert own.pids == pids  # the same processes: the session has stayed usable


def test_from_the_second_round_on_the_next_setup_is_done_ahead(own, monkeypatch):
    orders = []
    tell = own.tell
    monkeypatch.setattr(own, "tell", lambda party, m: (orders.append(m.header["do"]), tell(party, m))[1])
    duet = on_duet(own, SMALL)
    for expected in ([], ["setup"] * 2, ["setup"] * 2):
        orders.clear()
        run_small(duet, 1.0)
        assert orders[-2 - len(expected) :] == ["run"] * 2 + expected


def test_a_server_that_dies_while_it_works_ahead_costs_no_round(own):
    duet = on_duet(own, LARGE)
    given, server = large_round()
    for _ in range(2):
        expected = duet.run(given, server).outputs
    pids = own.pids
    os.kill(pids[1], signal.SIGKILL)
    found = duet.run(given, server).outputs
    assert found.keys() == expected.keys()
    assert set(pids).isdisjoint(own.pids)


def test_work_ahead_does_not_hold_up_the_end(own):
    duet = on_duet(own, LARGE)
    given, server = large_round()
    for _ in range(2):
        duet.run(given, server)
    started = time.monotonic()
    own.stop()
    assert time.monotonic() - started < 1


def test_a_stranger_on_the_port_is_refused(own):
    own.start()
    duet = on_duet(own, SMALL)
    name = duet.artefact.program_hash.hex()
    own.ask([order("load", program=name, folder=str(duet.artefact.folder))] * 2)
    port = own.ask([order("listen", program=name, host="127.0.0.1", port=0)])[0].header["port"]
    with socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.sendall(b"\x16\x03\x01\x02\x00 hello, is this TLS?" * 8)
        meet = order("meet", program=name, host="127.0.0.1", port=port, configuration="", timeout=2)
        with pytest.raises(RunError, match="ProtocolError"):
            own.ask([meet] * 2)
    run_small(duet, 1.0)


def test_a_taken_port_is_an_error_of_the_run(own):
    own.start()
    duet = on_duet(own, SMALL)
    name = duet.artefact.program_hash.hex()
    own.ask([order("load", program=name, folder=str(duet.artefact.folder))] * 2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RunError, match=rf"server 0 reports AddressError: .*{port}"):
            own.ask([order("listen", program=name, host="127.0.0.1", port=port)])
    run_small(duet, 1.0)
