"""The recipes of docs/extending.md, followed to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_federated as tff
from on_duet import as_compiled
from small_programs import TensorProgram, fltrust
from tensorflow import nn

import ezprivsecfl as ez
from ezprivsecfl.backends import registry
from ezprivsecfl.backends.base import Backend
from ezprivsecfl.backends.duet.declared import declared
from ezprivsecfl.backends.duet.kernels import Kernel, kernel_of
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.frontends.tff.ops.registry import LOWERINGS
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.mpc import MpcOp, io, protocol
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.tensor import TensorOp
from ezprivsecfl.ir.tensor import structure as st
from ezprivsecfl.ir.tensor.elementwise import Sqrt
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.ir.types import ArithType

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
F = np.float32


def recipe(title: str) -> dict[str, Any]:
    """Runs the Python code of a section, and returns what it defines."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    names: dict[str, Any] = {"__name__": "recipe"}
    for block in re.findall(r"^```python\n(.*?)^```", section, flags=re.DOTALL | re.MULTILINE):
        exec(compile(block, f"extending.md, {title}", "exec"), names)
    return names


@pytest.fixture(autouse=True)
def _registries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a recipe registers is gone after the test."""
    for kind in (TensorOp, MpcOp, Kernel):
        monkeypatch.setattr(kind, "REGISTRY", dict(kind.REGISTRY))
    lowerings = dict(LOWERINGS)
    LOWERINGS.pop("LeakyRelu", None)
    yield
    LOWERINGS.clear()
    LOWERINGS.update(lowerings)


class TestTensorOperation:
    """An operation is one class with its facts: nothing else knows it by name."""

    TITLE = "A tensor operation"

    def test_from_tensorflow_to_shares(self):
        recipe(self.TITLE)

        @tff.tensorflow.computation(tff.TensorType(F, [4]))
        def leaky(x):
            return nn.leaky_relu(x, alpha=0.25)

        @tff.federated_computation(tff.FederatedType(tff.TensorType(F, [4]), tff.CLIENTS))
        def total(values):
            return tff.federated_sum(tff.federated_map(leaky, values))

        values = [np.array([1.0, -2.0, 0.5, -0.25], F), np.array([-4.0, -1.0, 0.0, 3.0], F)]
        program = ez.compile(total, clients=3)
        np.testing.assert_allclose(program.simulate(values), sum(np.maximum(v, v / 4) for v in values), rtol=1e-6)

    def test_every_step_is_right_on_both_kinds_of_numbers(self):
        """Of an input, which is fixed point, and of a root, a normalised number."""
        leaky_relu = recipe(self.TITLE)["LeakyRelu"]
        b = TensorProgram("leaky")
        x, y = b.clients("x", 2), b.clients("y")
        b.returns(b.add(st.Sum, b.add(leaky_relu, x), axes=(0,)), "words")
        b.returns(b.add(st.Sum, b.add(leaky_relu, b.add(Sqrt, y)), axes=(0,)), "floats")
        findings = Findings()
        inputs = {"x": np.array([[1.5, -3.0], [-0.5, 2.0]]), "y": np.array([2.0, 0.25])}
        check_compiled(compile_program(b.build(), Options(clients=2)), inputs, 2, findings)
        assert findings.operations > 0
        assert not findings.violations

    def test_it_has_a_text_form(self):
        leaky_relu = recipe(self.TITLE)["LeakyRelu"]
        b = TensorProgram("leaky")
        b.returns(b.add(st.Sum, b.add(leaky_relu, b.clients("x", 2)), axes=(0,)))
        text = print_program(b.build())
        assert "%1 = leaky_relu %0" in text
        assert print_program(parse_program(text)) == text

    @pytest.mark.parametrize("fact", ["non_negative", "integral", "partial", "computed", "jumps", "on_wires"])
    def test_no_fact_can_be_left_out(self, fact):
        complete = recipe(self.TITLE)["LeakyRelu"]
        facts = {name: value for name, value in vars(complete).items() if not name.startswith("__")}
        del facts[fact]
        facts.pop("name", None)
        with pytest.raises(TypeError, match=fact):
            type("Forgetful", complete.__mro__[1:2], facts, name="forgetful")


class TestKernel:
    """A kernel is one Python class next to that of the engine."""

    TITLE = "A kernel"

    def test_the_emitted_program_calls_it(self, monkeypatch: pytest.MonkeyPatch):
        names = recipe(self.TITLE)
        # The half in C++ is not there, and so nothing that it declares.
        monkeypatch.setattr(names["SwapShares"], "cost", lambda self, clients: declared("coins"))
        b = ProgramBuilder("toy", Level.MPC, 4)
        x = b.add(io.Share, path="x", bound=8.0, type=ArithType((), 8))
        b.append(io.Output(operands=(b.add(protocol.Open, b.add(names["Swap"], x)),), path="y"))
        program = b.build()
        assert isinstance(kernel_of(program, program.ops[1]), names["SwapShares"])
        text = emitted(program)
        assert '#include "duet/swap.h"' in text.splitlines()
        lines = [line.strip() for line in text.splitlines() if "swap" in line.lower() and ";" in line]
        assert lines == [
            "swap0.send_asked(s, v0);",
            "swap0.receive_asked(s);",
            "swap0.send_answered(s);",
            "const Tensor<Ring> v1 = swap0.receive_answered(s);",
            "SwapShares swap0;",
        ]

    def test_the_engine_has_what_the_page_shows(self):
        (shown,) = re.findall(r"^```cpp\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
        assert shown in (ROOT / "cpp" / "include" / "duet" / "coins.h").read_text("utf-8")


def emitted(secure: Any) -> str:
    b = TensorProgram("toy")
    b.returns(b.add(st.Sum, b.clients("x"), axes=(0,)))
    compiled = replace(compile_program(b.build(), Options(clients=4)), secure=secure)
    return as_compiled(compiled).sources()["program.cpp"]


class TestBackend:
    """A back end is two classes."""

    TITLE = "A back end"

    def test_it_runs_programs_and_is_in_the_report(self):
        counting = recipe(self.TITLE)["Counting"]
        backend = registry.choose(counting())
        assert isinstance(backend, Backend)
        lowered = backend.lower(compile_program(fltrust(5), Options(clients=4)))
        gates = sum(circuit.and_count for circuit in lowered.secure.circuits.values())
        assert gates > 0
        assert lowered.traffic() == [f"{gates} AND gates in {len(lowered.secure.circuits)} circuits"]
        program = ez.compile(sums(), clients=3, backend=counting())
        assert program.run([F(1.0), F(2.5)]) == pytest.approx(3.5)
        assert "0 AND gates in 0 circuits" in str(program.report)


def sums() -> Any:
    @tff.federated_computation(tff.FederatedType(F, tff.CLIENTS))
    def total(values):
        return tff.federated_sum(values)

    return total


class TestAggregator:
    """An aggregator is a TFF program."""

    def test_it_is_the_formula_in_tff_and_on_shares(self, tff_reference: Any):
        tff.framework.set_default_context(tff_reference)
        majority_vote = recipe("An aggregator")["majority_vote"]
        updates = [np.array(u, F) for u in ([1, -2, 0, 3], [0.5, -1, 2, -3], [-4, -1, -2, -7])]
        expected = np.sign(np.sum(np.sign(updates), axis=0))
        np.testing.assert_array_equal(majority_vote(updates), expected)
        program = ez.compile(majority_vote, clients=3)
        np.testing.assert_array_equal(program.simulate(updates), expected)
        assert "4 numbers opened" in str(program.report)


def test_tables_name_what_exists():
    """Folders and files; names in capitals stand for new ones."""
    for path in re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", PAGE, flags=re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", path):
            known = name.partition("NAME")[0].rpartition("/")[0] if "NAME" in name else name
            assert (ROOT / known).exists(), name
