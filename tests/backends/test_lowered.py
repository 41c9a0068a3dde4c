"""A lowered program is made once, and the report, the sources, the cost table and the run are all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_programs import TensorProgram, fltrust, weighted_layers

from ezprivsecfl.backends.base import Backend, LoweredForServers
from ezprivsecfl.backends.duet import backend as duet_backend
from ezprivsecfl.backends.duet import select_circuits
from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.backends.motion2nx.backend import Motion2nx
from ezprivsecfl.backends.plain.backend import Plain
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.mpc.protocol import Circuit
from ezprivsecfl.ir.proved_parts import Product
from ezprivsecfl.ir.tensor.elementwise import Cast, Div, Mul
from ezprivsecfl.ir.tensor.structure import Concat, Reshape, Sum
from ezprivsecfl.ir.text import print_program
from ezprivsecfl.ir.types import DType
from ezprivsecfl.report import Report
from ezprivsecfl.report.facts import facts_of
from ezprivsecfl.runtime.manifest import Manifest, Proof
from ezprivsecfl.variants import Variant

OPTIONS = Options(clients=4, min_clients=3, on_bad_client="fail", bounds=ParameterBounds.of({"": 4.0}))


@pytest.fixture
def made(monkeypatch):
    """What was legalised, by whom."""
    calls: list[str] = []
    for module in (duet_backend, select_circuits):
        legal = module.legal
        monkeypatch.setattr(
            module, "legal", lambda program, by=module.__name__, f=legal: (calls.append(by), f(program))[1]
        )
    return calls


@pytest.mark.parametrize("backend", [Duet(), Plain()], ids=lambda b: b.name)
def test_a_variant_is_lowered_once(made, backend: Backend):
    variant = Variant.compile(weighted_layers(3), OPTIONS, backend)
    assert not made  # not before somebody wants to know
    for _ in range(2):
        text, table = str(Report(facts_of(variant.lowered))), variant.cost("wan")
        assert variant.lowered.sources()
        assert variant.runnable is variant.runnable
        assert "Expected traffic" in text
        assert table.total_bytes > 0
    assert made.count(duet_backend.__name__) == 1


@pytest.mark.parametrize("choice", ["yao", "boolean"])
def test_what_is_emitted_is_what_costs(choice):
    lowered = Duet(circuits=choice).lower(compile_program(fltrust(4), OPTIONS))
    tree = lowered.sources()
    assert tree["secure.ir"] == print_program(lowered.program, elide=True)
    rows = [row.op for row in lowered.cost(4).ops]
    assert rows
    assert set(rows) <= set(lowered.program.ops)
    assert [use.name for use in facts_of(lowered).circuits] == [op.circuit for op in lowered.program.of(Circuit)]


@pytest.mark.parametrize("backend", [Duet(link="wan"), Motion2nx(arithmetic="beavy"), Plain()], ids=lambda b: b.name)
def test_the_manifest_says_what_a_round_must_know(backend: Backend):
    lowered = backend.lower(compile_program(fltrust(4), replace(OPTIONS, proofs=False)))
    manifest = Manifest.parse(lowered.sources()["manifest.json"])
    assert (manifest.name, manifest.max_clients, manifest.min_clients) == ("fltrust", 4, 3)
    assert not manifest.drop_bad_clients
    assert [(s.path, s.shape, s.bound) for s in manifest.shares] == [("updates", ("n", 4), 4.0)]
    assert {(s.proof, s.norm, s.vector) for s in manifest.shares} == {(Proof.NONE, None, None)}
    assert (manifest.share_bits, manifest.products) == (64, ())
    assert [(s.path, s.shape) for s in manifest.server] == [("root", (4,))]
    assert [o.path for o in manifest.outputs] == ["opened0"]
    assert any(check.per_client for check in manifest.checks)
    if isinstance(lowered, LoweredForServers):
        assert manifest.backend == backend.name  # whatever is emulated between the servers
        assert (lowered.link is None) == isinstance(backend, Motion2nx)


@pytest.mark.parametrize("backend", [Duet(), Motion2nx(), Plain()], ids=lambda b: b.name)
def test_the_manifest_says_what_clients_prove(backend: Backend):
    """Truth values, the entries of few, the norm of many, one length of several, and whose squares servers take."""
    b = TensorProgram("statements")
    flag, few, many = b.clients("flag", 20, dtype=DType.BOOL), b.clients("few", 8), b.clients("many", 9)
    kernel, bias = b.clients("kernel", 4, 3), b.clients("bias", 3)
    for value in (flag, few, b.add(Mul, many, b.add(Reshape, b.norm(many, 1), shape=("n", 1)))):
        cast = value if value.type.dtype.is_float else b.add(Cast, value, dtype=DType.F32)
        b.returns(b.add(Sum, cast, axes=(0,)), value.op.name + str(len(b.ops)))
    flat = b.add(Concat, b.add(Reshape, kernel, shape=("n", 12)), bias, axis=1)
    b.returns(b.add(Sum, b.add(Div, flat, b.add(Reshape, b.norm(flat, 1), shape=("n", 1))), axes=(0,)), "direction")
    options = replace(OPTIONS, share_bits=72, bounds=ParameterBounds.of({"few": (-1.0, 2.0), "many": 4.0}))
    manifest = Manifest.parse(backend.lower(compile_program(b.build(), options)).sources()["manifest.json"])
    assert {s.path: (s.proof, s.norm, s.vector) for s in manifest.shares} == {
        "flag": (Proof.BITS, None, None),
        "few": (Proof.ENTRIES, None, None),
        "many": (Proof.NORM, 12.0, None),
        "kernel": (Proof.UNIT, 1.0, "kernel"),
        "bias": (Proof.UNIT, 1.0, "kernel"),
    }
    assert (manifest.share_bits, manifest.products) == (72, (Product("many", "many", (0, 0), 9),))


def test_another_network_between_the_servers_is_the_same_program():
    compiled = compile_program(weighted_layers(3), OPTIONS)
    trees = [Duet(link=link, network="lan").lower(compiled).sources() for link in (None, "wan")]
    assert trees[0] == trees[1]


def test_a_simulated_round_needs_nothing_of_duet(made):
    compiled = compile_program(weighted_layers(3), OPTIONS)
    program, seconds = Plain().lower(compiled).runnable()
    rng = np.random.default_rng(0)
    values = {s.path: [rng.uniform(0.1, 1, s.client_shape) for _ in range(3)] for s in program.manifest.shares}
    assert program.run(values, {}).statistics.backend == "plain"
    assert (seconds, made) == (0.0, [])
