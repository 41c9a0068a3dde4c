"""Programs on two real server processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from on_duet import as_compiled, declared_cost, on_duet
from opened import as_opened, assert_as_opened
from rounds import random_round
from small_programs import clipped_mean, everything, fltrust, weighted_layers, weighted_mean

from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.backends.duet.build import build
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.analyses.norms import largest_error
from ezprivsecfl.compiler.lowering.domains import MANY
from ezprivsecfl.compiler.options import Norms, Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import InputError, RunError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.protocol import Product, Truncate
from ezprivsecfl.ir.mpc.shares import Gemm
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.local_cluster import LocalCluster
from ezprivsecfl.runtime.session import TwoServerProgram
from ezprivsecfl.runtime.wire import Message, order


@pytest.mark.parametrize(
    "program", [fltrust(40), weighted_mean(7), weighted_layers(20), clipped_mean(9), everything()], ids=lambda p: p.name
)
def test_two_servers_compute_what_the_reference_does(cluster, program):
    # A product of two scalars with default bounds has no fractional bits.
    bounds = {path: Bound(16.0, 0.0) for path in ("weight", "scale")} if program.name == "weighted_layers" else {}
    compiled = compile_program(program, Options(clients=9, bounds=ParameterBounds.of(bounds)))
    duet, plain = on_duet(cluster, compiled), PlainProgram(compiled)
    for clients in (9, 4):
        given, server, stacked = random_round(program, clients, seed=clients)
        result = duet.run(given, server)
        simulated = plain.run(given, server).outputs
        expected = run_tensor(program, stacked, clients)
        assert result.outputs.keys() == expected.keys()
        assert_as_opened(result.outputs, simulated)
        for path, value in expected.items():
            scale = max(float(np.max(np.abs(value))), 1e-9)
            assert np.max(np.abs(result.outputs[path] - value)) <= 1e-4 * scale


def test_truncated_values_differ_from_the_simulation_by_a_unit_of_their_last_place(cluster):
    compiled = compile_program(weighted_mean(7), Options(clients=MANY))
    (truncation,) = compiled.secure.of(Truncate)
    duet, plain = on_duet(cluster, compiled), PlainProgram(compiled)
    for clients in (MANY, 2):
        given, server, stacked = random_round(compiled.tensor, clients, seed=clients)
        result = duet.run(given, server)
        simulated = plain.run(given, server).outputs["result"]
        expected = run_tensor(compiled.tensor, stacked, clients)["result"]
        unit = 2.0**-truncation.result.type.frac * np.sum(np.abs(stacked["value"]), axis=0)  # of every weight
        place = 2.0**-23 * np.max(np.abs(simulated))  # the last opened one
        assert np.all(np.abs(result.outputs["result"] - simulated) <= unit + place)
        assert np.max(np.abs(result.outputs["result"] - expected)) <= 1e-4 * np.max(np.abs(expected))


def test_sketched_norms(cluster):
    program = fltrust(3000)
    compiled = compile_program(program, Options(clients=9, norms=Norms(1024), proofs=False))
    duet = on_duet(cluster, compiled)
    given, server, stacked = random_round(program, 9)
    expected = run_tensor(program, stacked, 9)["result"]
    duet.run(given, server)  # base OTs, keys
    rounds = [duet.run(given, server) for _ in range(2)]
    for result in rounds:
        error = np.max(np.abs(result.outputs["result"] - expected)) / np.max(np.abs(expected))
        assert 1e-6 < error < largest_error(Norms(1024))
    moved = np.abs(rounds[0].outputs["result"] - rounds[1].outputs["result"])
    assert np.any(moved > 2.0**-20 * np.max(np.abs(expected)))  # another map every time
    statistics = rounds[0].statistics
    declared = declared_cost(as_opened(compiled.secure, statistics.opened), 9, compiled)
    assert statistics.bytes_sent == [declared.setup_bytes[p] + declared.online_bytes[p] for p in (0, 1)]
    assert statistics.rounds == declared.rounds


@pytest.mark.parametrize(
    ("clients", "size", "method"),
    [(3, 17, "auto"), (8, 300, "auto"), (3, 17, "transfer"), (3, 17, "lattice"), (3, 17, "shares")],
)
def test_declared_traffic_is_what_goes_over_the_wire(cluster, clients, size, method):
    compiled = compile_program(fltrust(size), Options(clients=8))
    compiled = replace(compiled, secure=Duet(method).lower(compiled).secure)
    duet = on_duet(cluster, compiled)
    given, server, _ = random_round(compiled.tensor, clients)
    outputs = duet.run(given, server).outputs
    assert_as_opened(outputs, PlainProgram(compiled).run(given, server).outputs)
    statistics = duet.run(given, server).statistics  # the first round also has the base OTs and public keys
    declared = declared_cost(as_opened(compiled.secure, statistics.opened), clients, compiled)
    sent = [declared.setup_bytes[p] + declared.online_bytes[p] for p in (0, 1)]
    assert statistics.bytes_sent == sent
    assert statistics.rounds == declared.rounds
    assert declared.total_bytes == sum(sent)


def test_declared_traffic_of_joined_products(cluster):
    compiled = compile_program(weighted_layers(30), Options(clients=9, proofs=False))
    duet = on_duet(cluster, compiled)
    given, _, _ = random_round(compiled.tensor, 9)
    duet.run(given, {})  # base OTs, keys
    statistics = duet.run(given, {}).statistics
    declared = declared_cost(as_opened(compiled.secure, statistics.opened), 9, compiled)
    assert sum(isinstance(c.op, Product | Gemm) for c in declared.ops) < len(compiled.secure.of(Product))
    assert statistics.bytes_sent == [declared.setup_bytes[p] + declared.online_bytes[p] for p in (0, 1)]
    assert statistics.rounds == declared.rounds


def test_the_first_round_of_a_session_adds_less_than_5_megabytes():
    compiled = compile_program(fltrust(300), Options(clients=8))
    given, server, _ = random_round(compiled.tensor, 8)
    fresh = LocalCluster()
    try:
        duet = on_duet(fresh, compiled)
        first, second = (duet.run(given, server).statistics for _ in range(2))
    finally:
        fresh.stop()
    assert 0 < sum(first.bytes_sent) - sum(second.bytes_sent) <= 5_000_000


def test_a_second_round_has_little_overhead(cluster):
    compiled = compile_program(weighted_mean(7), Options(clients=9))
    duet = on_duet(cluster, compiled)
    given, server, _ = random_round(compiled.tensor, 5)
    duet.run(given, server)
    overheads = []
    for _ in range(5):
        started = time.perf_counter()
        s = duet.run(given, server).statistics
        overheads.append(time.perf_counter() - started - s.setup_seconds - s.online_seconds)
    assert min(overheads) < 0.05


def test_setup_ahead_of_the_round(cluster):
    compiled = compile_program(weighted_mean(7), Options(clients=9))
    duet = on_duet(cluster, compiled)
    given, server, _ = random_round(compiled.tensor, 5)
    duet.prepare(5)
    first = duet.run(given, server)
    assert_as_opened(first.outputs, PlainProgram(compiled).run(given, server).outputs)
    duet.prepare(4)  # for another number of clients than then come: the setup is done again
    again = duet.run(given, server)
    assert_as_opened(again.outputs, PlainProgram(compiled).run(given, server).outputs)


def test_inputs_are_checked_before_anything_is_sent(cluster):
    compiled = compile_program(fltrust(6), Options(clients=4, on_bad_client="fail", proofs=False))
    duet = on_duet(cluster, compiled)
    given, server, _ = random_round(compiled.tensor, 4)
    rows = given["updates"]

    def refused(message: str, clients=rows, servers=server) -> None:
        with pytest.raises(InputError, match=message):
            duet.run({"updates": clients}, servers)

    refused(r"client 2: 'updates' at \[1\] is nan: only finite", [*rows[:2], np.full(6, 1.0) * [1, np.nan, 1, 1, 1, 1]])
    refused(r"client 1: 'updates' at \[0\] is inf", [rows[0], np.full(6, np.inf)])
    refused(
        r"client 0: 'updates' at \[3\] is -20, but .* \|x\| < 8.*--bound updates=32",
        [rows[0] * 0 + [0, 0, 0, -20, 0, 0], rows[1]],
    )
    refused("a round needs at least 2 clients, not 1", rows[:1])
    refused("a round of 5 clients, but the program was compiled for at most 4", [*rows, rows[0]])
    refused("parameter 'root' is missing", rows, {})
    refused(r"'root' at \[0\] is 100", rows, {"root": np.full(6, 100.0)})
    assert np.isfinite(duet.run(given, server).outputs["result"]).all()


def test_clients_that_have_not_uploaded_are_named(cluster):
    compiled = compile_program(weighted_mean(7), Options(clients=9))
    duet = on_duet(cluster, compiled)
    given, server, _ = random_round(compiled.tensor, 3)
    duet.run(given, server)
    run = order("run", program=duet.artefact.program_hash.hex(), clients=3, server=[])
    with pytest.raises(InputError, match="client 0: it has not uploaded anything"):
        cluster.ask([run] * 2)
    duet._met_in = None


def test_server_processes_import_no_tensorflow():
    code = (
        "import sys; import ezprivsecfl.runtime.server; "
        "bad = [m for m in sys.modules if m.startswith(('tensorflow', 'jax'))]; assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_server_ends_the_round_and_the_next_one_works(victim):
    own = LocalCluster(timeout=5.0)
    try:
        compiled = compile_program(fltrust(3000), Options(clients=30))
        duet = on_duet(own, compiled)
        given, server, _ = random_round(compiled.tensor, 30)
        duet.run(given, server)
        own.settle()
        pids = own.pids
        os.kill(pids[victim], signal.SIGSTOP)  # so that the round is under way when the server is killed
        killer = threading.Timer(0.15, os.kill, (pids[victim], signal.SIGKILL))
        killer.start()
        started = time.perf_counter()
        with pytest.raises(RunError, match=f"server {victim} was killed by SIGKILL during the round.*starts new ones"):
            duet.run(given, server)
        assert time.perf_counter() - started < 10
        assert own.pids == []
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        assert np.isfinite(duet.run(given, server).outputs["result"]).all()
    finally:
        own.stop()


@pytest.mark.parametrize("changed", ["manifest.json", "program.cpp", "prologue.ir", "circuits/reciprocal.txt"])
def test_servers_with_different_programs_refuse_each_other(cluster, tmp_path, changed):
    """Each server hashes what it has loaded: it does not matter what the driver believes."""
    compiled = compile_program(weighted_mean(7), Options(clients=9))
    duet = on_duet(cluster, compiled)
    duet._meet()
    name, tree = duet.artefact.program_hash.hex(), as_compiled(compiled).sources()
    other = build({**tree, changed: tree[changed] + "\n"}, tmp_path / "other")
    cluster.ask([order("load", program=name, folder=str(one.folder)) for one in (duet.artefact, other)])
    port = cluster.ask([order("listen", program=name, host="127.0.0.1", port=0)])[0].header["port"]
    meet = order("meet", program=name, host="127.0.0.1", port=port, configuration="", timeout=5)
    with pytest.raises(RunError, match=r"reports MismatchError: .*program"):
        cluster.ask([meet] * 2)
    duet._met_in = None
    given, server, _ = random_round(compiled.tensor, 3)
    assert np.isfinite(duet.run(given, server).outputs["result"]).all()


def test_a_taken_port_is_reported():
    listener = _duet.Listener("127.0.0.1")
    with pytest.raises(_duet.AddressError, match=str(listener.port)):
        _duet.Listener("127.0.0.1", listener.port)


def test_builds_are_cached_by_content(tmp_path, monkeypatch):
    monkeypatch.setenv("EZPRIVSECFL_CACHE", str(tmp_path))
    lowered = as_compiled(compile_program(weighted_mean(3), Options(clients=5)))
    first = lowered.build()
    assert first.build_seconds > 0
    again = lowered.build()
    assert again.build_seconds == 0
    assert again.library == first.library
    other = as_compiled(compile_program(weighted_mean(4), Options(clients=5))).build()
    assert other.folder != first.folder
    assert other.program_hash != first.program_hash


def test_statistics_have_the_documented_fields(cluster):
    compiled = compile_program(weighted_mean(7), Options(clients=9))
    given, server, _ = random_round(compiled.tensor, 5)
    s = on_duet(cluster, compiled).run(given, server).statistics
    fields = json.loads(json.dumps(s.to_json()))
    assert list(fields) == [
        "computation",
        "backend",
        "clients",
        "dropped",
        "bytes_sent",
        "messages",
        "rounds",
        "compile_seconds",
        "setup_seconds",
        "online_seconds",
        "cpu_seconds",
        "peak_memory_bytes",
        "opened",
        "setup_bytes_sent",
        "imprecise",
    ]
    assert "max_relative_error" in replace(s, max_relative_error=0.0).to_json()
    assert all(0 < m < 1 << 30 for m in s.peak_memory_bytes)


class Tampered(TwoServerProgram):
    """With a client 1 that also uploads to server 1 what a test says."""

    extra: Message

    def _upload(self, manifest, occasion, values):
        if occasion.client == 1:
            named = {"round": occasion.round_id.hex(), **self.extra.header}
            self.cluster.tell(1, Message(named, self.extra.arrays))
        super()._upload(manifest, occasion, values)


PROOF_SIZES = r"it has uploaded its masked values as float64 of shape \[1\] instead of uint64 of shape \[72\]"


@pytest.mark.parametrize(
    ("header", "arrays", "reason"),
    [
        ({}, [np.zeros(10_000, np.uint64)], r"it has uploaded 80000 bytes instead of \d+$"),
        ({}, [], "it has uploaded 0 arrays instead of 3"),
        ({}, [np.zeros(1)] * 5, "it has uploaded 5 arrays instead of 3"),
        ({}, [np.zeros(1)] * 3, PROOF_SIZES),
        ({"round": "00" * 16}, [np.zeros(1)] * 3, f"its upload is for the round '{'00' * 16}', not for this one"),
        ({"round": None}, [np.zeros(1)] * 3, "its upload is for the round None, not for this one"),
        ({"round": [["x"]]}, [np.zeros(1)] * 3, r"its upload is for the round \[\['x'\]\], not for this one"),
    ],
)
def test_an_upload_of_any_form_concerns_its_client_only(cluster, header, arrays, reason):
    compiled = compile_program(weighted_mean(7), Options(clients=9))
    duet = on_duet(cluster, compiled)
    duet.__class__ = Tampered
    duet.extra = Message({"do": "upload", "program": duet._id, "client": 1, **header}, arrays)
    given, server, _ = random_round(compiled.tensor, 4)
    got = duet.run(given, server)
    others = {path: values[:1] + values[2:] for path, values in given.items()}
    expected = PlainProgram(compiled).run(others, server)
    assert_as_opened(got.outputs, expected.outputs)
    (dropped,) = got.statistics.dropped
    assert dropped["client"] == 1
    assert re.match(f"server 1: .*{reason}", dropped["reason"])


def test_an_upload_that_names_no_client_is_reported(cluster):
    compiled = compile_program(weighted_mean(7), Options(clients=9))
    duet = on_duet(cluster, compiled)
    duet.__class__ = Tampered
    duet.extra = Message({"do": "upload", "program": duet._id}, [np.zeros(7, np.uint64)])
    given, server, _ = random_round(compiled.tensor, 4)
    statistics = duet.run(given, server).statistics
    assert statistics.clients == 4
    reason = "server 1: an upload names the client None, which there is not"
    assert statistics.dropped == [{"client": None, "reason": reason}]
