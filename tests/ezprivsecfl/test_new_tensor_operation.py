"""A new operation is one class with its facts and one line of the front end's table: nothing else knows it by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow_federated as tff
from small_programs import TensorProgram
from tensorflow import nn

import ezprivsecfl as ez
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.frontends.tff.ops.registry import LOWERINGS
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.circuits import floats, words
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.tensor import TensorOp
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.bundles import Bundle, Gates, fixed, normalised
from ezprivsecfl.ir.tensor.elementwise import Sqrt, Unary
from ezprivsecfl.ir.tensor.facts import Computed, Holds, Jumps
from ezprivsecfl.ir.text import parse_program, print_program

F = np.float32


@pytest.fixture(autouse=True)
def leaky_relu(monkeypatch: pytest.MonkeyPatch) -> type[TensorOp]:
    """The operation, registered for one test."""
    monkeypatch.setattr(TensorOp, "REGISTRY", dict(TensorOp.REGISTRY))

    class LeakyRelu(Unary, name="leaky_relu"):
        """The larger one of x and x/4."""

        non_negative = Holds.OF_ALL
        integral = Holds.UNKNOWN
        partial = False
        computed = Computed.IN_CIRCUITS
        jumps = Jumps.NOWHERE

        function = staticmethod(lambda x: np.maximum(x, x / 4))

        def interval(self, operands: Sequence[Interval], clients: int) -> Interval:
            """It never decreases with x."""
            return operands[0].map(lambda x: max(x, x / 4))

        def on_wires(self, gates: Gates, operands: Sequence[Bundle]) -> Bundle:
            """A quarter of a word has two more fractional bits."""
            (x,) = operands
            if x.is_fixed:
                quarter = fixed(x.wires, x.frac + 2)
            else:
                quarter = normalised(floats.mul(gates.b, gates.number(x), floats.constant(gates.b, 0.25)))
            return gates.binary(x, quarter, words.max_, floats.max_)

    monkeypatch.setitem(LOWERINGS, "LeakyRelu", lambda call: call.emit.elementwise(LeakyRelu, *call.args))
    return LeakyRelu


@tff.tensorflow.computation(tff.TensorType(F, [4]))
def leaky(x):
    return nn.leaky_relu(x, alpha=0.25)


@tff.federated_computation(tff.FederatedType(tff.TensorType(F, [4]), tff.CLIENTS))
def total(values):
    return tff.federated_sum(tff.federated_map(leaky, values))


def test_a_computation_with_it_is_compiled_and_simulated():
    values = [np.array([1.0, -2.0, 0.5, -0.25], F), np.array([-4.0, -1.0, 0.0, 3.0], F)]
    program = ez.compile(total, clients=3)
    np.testing.assert_allclose(program.simulate(values), sum(np.maximum(v, v / 4) for v in values), rtol=1e-6)


def test_it_is_checked_step_by_step_on_both_kinds_of_numbers(leaky_relu):
    """Of an input, which is fixed point, and of a root, a normalised number."""
    b = TensorProgram("leaky")
    x, y = b.clients("x", 2), b.clients("y")
    b.returns(b.add(st.Sum, b.add(leaky_relu, x), axes=(0,)), "words")
    b.returns(b.add(st.Sum, b.add(leaky_relu, b.add(Sqrt, y)), axes=(0,)), "floats")
    findings = Findings()
    inputs = {"x": np.array([[1.5, -3.0], [-0.5, 2.0]]), "y": np.array([2.0, 0.25])}
    check_compiled(compile_program(b.build(), Options(clients=2)), inputs, 2, findings)
    assert not findings.violations


def test_it_has_a_text_form(leaky_relu):
    b = TensorProgram("leaky")
    b.returns(b.add(st.Sum, b.add(leaky_relu, b.clients("x", 2)), axes=(0,)))
    text = print_program(b.build())
    assert "%1 = leaky_relu %0" in text
    assert print_program(parse_program(text)) == text
