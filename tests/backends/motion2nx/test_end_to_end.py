"""Programs on two servers with the real framework; runs where EZ_MOTION2NX_DIR names a built tree."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mpc_programs import compiled_every_op, inputs_of_every_op
from rounds import random_round
from small_programs import clipped_mean, everything, fltrust, weighted_mean

from ezprivsecfl.backends.motion2nx.backend import Motion2nx
from ezprivsecfl.backends.motion2nx.emit import ARITHMETIC
from ezprivsecfl.backends.motion2nx.installation import VARIABLE
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.choices import FAIL
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import DivisionError, RunError
from ezprivsecfl.runtime.local_cluster import LocalCluster
from ezprivsecfl.runtime.session import TwoServerProgram

pytestmark = [
    pytest.mark.skipif(VARIABLE not in os.environ, reason=f"needs a built MOTION2NX: set {VARIABLE}"),
    pytest.mark.timeout(900),
]
EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    made = LocalCluster(timeout=30.0)
    yield made
    made.stop()


def on_motion(cluster: LocalCluster, compiled: Compiled, arithmetic: str) -> TwoServerProgram:
    return TwoServerProgram(cluster, Motion2nx(arithmetic=arithmetic).lower(compiled).build())


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
def test_every_operation(cluster, arithmetic):
    compiled = compiled_every_op(sketched=False)
    program, plain = on_motion(cluster, compiled, arithmetic), PlainProgram(compiled)
    for clients in (2, 6):
        values = inputs_of_every_op(clients, seed=clients)
        given, server = {path: list(values[path]) for path in ("x", "w")}, {"g": values["g"]}
        expected, found = plain.run(given, server).outputs, program.run(given, server).outputs
        assert found.keys() == expected.keys()
        for path in expected:
            np.testing.assert_array_equal(found[path], expected[path], err_msg=path)


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
@pytest.mark.parametrize(
    "program", [fltrust(40), weighted_mean(7), clipped_mean(9), everything()], ids=lambda p: p.name
)
def test_what_the_simulation_computes(cluster, program, arithmetic):
    compiled = compile_program(program, Options(clients=9))
    on_servers, plain = on_motion(cluster, compiled, arithmetic), PlainProgram(compiled)
    for clients in (9, 4):
        given, server, _ = random_round(program, clients, seed=clients)
        result, expected = on_servers.run(given, server), plain.run(given, server)
        for path, value in expected.outputs.items():  # but for the last place that is opened
            np.testing.assert_allclose(result.outputs[path], value, rtol=0, atol=2.0**-22 * np.max(np.abs(value)))
        assert result.statistics.backend == f"motion2nx-{arithmetic}"
        assert min(result.statistics.bytes_sent) > 100
        assert min(result.statistics.messages) > 0
        assert result.statistics.rounds > 0
        assert result.statistics.setup_seconds > 0
        assert result.statistics.online_seconds > 0


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
def test_division_by_zero_leaves_the_session_usable(cluster, arithmetic):
    program = on_motion(
        cluster, compile_program(fltrust(6), Options(clients=4, proofs=False, on_bad_client=FAIL)), arithmetic
    )
    given, server, _ = random_round(fltrust(6), 3)
    zero = {"updates": [np.zeros(6), *given["updates"][1:]]}
    with pytest.raises(DivisionError):
        program.run(zero, server)
    program.run(given, server)


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
def test_a_client_without_a_result_is_left_out(cluster, arithmetic):
    """The round begins anew, with a setup phase for the clients that are left."""
    compiled = compile_program(fltrust(6), Options(clients=5, proofs=False))
    program = on_motion(cluster, compiled, arithmetic)
    given, server, _ = random_round(fltrust(6), 5)
    given = {"updates": [np.zeros(6) if c == 2 else update for c, update in enumerate(given["updates"])]}
    found, expected = program.run(given, server), PlainProgram(compiled).run(given, server)
    assert [one["client"] for one in found.statistics.dropped] == [2]
    for path, value in expected.outputs.items():
        np.testing.assert_allclose(found.outputs[path], value, rtol=0, atol=2.0**-22 * np.max(np.abs(value)))


def test_products_of_masks_are_sent_before_there_are_inputs(cluster):
    """FLTrust's squares and weighted sum: online only masked values go, 8 bytes an entry and direction."""
    compiled = compile_program(fltrust(3372), Options(clients=30, proofs=False))
    program = on_motion(cluster, compiled, "beavy")
    given, server, _ = random_round(fltrust(3372), 30)
    for _ in range(2):
        statistics = program.run(given, server).statistics
    online = sum(statistics.bytes_sent) - sum(statistics.setup_bytes_sent)
    assert 2 * 8 * 30 * 3372 < online < 2e6
    assert 2e6 < sum(statistics.setup_bytes_sent) < 10e6


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_server_ends_the_round_with_an_error(victim):
    own = LocalCluster(timeout=20.0)
    try:
        program = on_motion(own, compile_program(fltrust(60_000), Options(clients=30, proofs=False)), "gmw")
        given, server, _ = random_round(fltrust(60_000), 30)
        small = {"updates": given["updates"][:2]}
        program.run(small, server)
        pids = own.pids
        threading.Timer(0.7, os.kill, (pids[victim], signal.SIGKILL)).start()
        started = time.monotonic()
        with pytest.raises(RunError, match=r"server \d .*the next round"):
            program.run(given, server)
        assert time.monotonic() - started < 15
        program.run(small, server)
        assert set(pids).isdisjoint(own.pids)
    finally:
        own.stop()


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
@pytest.mark.parametrize("name", ["fltrust", "fedavg", "mean_factory", "norm_clipping", "train"])
def test_examples(name, arithmetic, tmp_path):
    arguments = ["--rounds", "2", "--plot", str(tmp_path / "curve.png")] if name == "train" else []
    report = tmp_path / "report.json"
    command = [Path(sys.executable).with_name("ezcompile"), "run", "--check", "--backend", "motion2nx"]
    command += ["--arithmetic", arithmetic, "--report", report, EXAMPLES / f"{name}.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=800, check=False)
    assert done.returncode == 0, done.stderr
    entries = json.loads(report.read_text())
    assert entries
    assert all(entry["max_relative_error"] < 1e-3 for entry in entries)
    if name == "fltrust":
        assert sum(entries[0]["bytes_sent"]) <= 20e6
