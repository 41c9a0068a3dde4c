"""Medians and trimmed means per coordinate on two servers: results, traffic, and what is opened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from on_duet import declared_cost
from opened import as_opened
from small_programs import TensorProgram

from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.mpc.boolean import FromBoolean
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor.elementwise import Neg
from ezprivsecfl.ir.tensor.ordering import TopValues
from ezprivsecfl.ir.tensor.structure import Slice, Sum
from ezprivsecfl.runtime.session import TwoServerProgram

CLIENTS, ROWS = 3, 35


def middle(size: int, dropped: int) -> Program:
    """The sum of all but the smallest and largest of every row, as ``tf.sort`` and a slice have it."""
    b = TensorProgram("middle")
    in_order = b.add(Neg, b.add(TopValues, b.add(Neg, b.clients("x", ROWS, size)), count=size))
    kept = size - 2 * dropped
    part = b.add(Slice, in_order, starts=(0, 0, dropped), sizes=("n", ROWS, kept), strides=(1, 1, 1))
    b.returns(b.add(Sum, b.add(Sum, part, axes=(2,)), axes=(0,)))
    return replace(b.build(), max_clients=CLIENTS)


@pytest.mark.parametrize(("size", "dropped"), [(31, 15), (30, 14), (30, 3)])
def test_median_and_trimmed_sum(cluster, size, dropped):
    program = middle(size, dropped)
    lowered = Duet(circuits="boolean").lower(compile_program(program, Options(clients=CLIENTS, proofs=False)))
    secure = lowered.secure
    # Circuits give nothing but the one number per coordinate, and that is all that is opened.
    assert [op.result.type.shape for op in secure.of(FromBoolean)] == [("n", ROWS)]
    on_servers = TwoServerProgram(cluster, lowered.build())
    rng = np.random.default_rng(size)
    x = rng.normal(size=(CLIENTS, ROWS, size))
    x[1] = rng.integers(-2, 3, (ROWS, size))  # ties, and both signs
    x[2, :, : size // 2] = 0
    expected = run_tensor(program, {"x": x}, CLIENTS)["result"]
    for _ in range(2):  # the first round also has the base OTs
        result = on_servers.run({"x": list(x)}, {})
        np.testing.assert_allclose(result.outputs["result"], expected, atol=1e-3 * np.max(np.abs(expected)))
    declared = declared_cost(as_opened(secure, result.statistics.opened), CLIENTS, lowered.compiled)
    assert result.statistics.bytes_sent == [declared.setup_bytes[p] + declared.online_bytes[p] for p in (0, 1)]
    assert result.statistics.rounds == declared.rounds


def test_bytes_of_thirty_clients():
    """The goal: 30 x 3,372 in 100 MB."""
    for dropped, megabytes in ((14, 71), (3, 97)):
        program = replace(middle(30, dropped), max_clients=CLIENTS)
        lowered = Duet().lower(compile_program(program, Options(clients=CLIENTS, proofs=False)))
        assert lowered.cost(CLIENTS).total_bytes * 3372 / (CLIENTS * ROWS) < megabytes * 1e6 * 1.02
