"""The checking evaluation of compiled programs finds every kind of wrong claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from checked_rounds import Case, run_case
from small_programs import TensorProgram

from ezprivsecfl.compiler import checking
from ezprivsecfl.compiler.analyses.ranges import Ranges
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import DivisionError, InputError
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, Wires
from ezprivsecfl.ir.interval import Interval
from ezprivsecfl.ir.mpc import protocol
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.tensor import Constant
from ezprivsecfl.ir.tensor.elementwise import Add, Cast, Div, Greater, Log, Mul, Relu, Select, Sqrt
from ezprivsecfl.ir.tensor.structure import Reshape, Sum
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.ir.types import DType

CLIENTS = 3
X = np.array([[1.0, -2.0], [3.0, -0.5], [0.25, 1.0]])


def compiled() -> Compiled:
    """The sum of relu(x)."""
    b = TensorProgram("positive")
    b.returns(b.add(Sum, b.add(Relu, b.clients("x", 2)), axes=(0,)))
    return compile_program(b.build(), Options(clients=CLIENTS))


def check(program: Compiled, **inputs: np.ndarray) -> Findings:
    findings = Findings()
    check_compiled(program, inputs or {"x": X}, CLIENTS, findings)
    return findings


def test_a_right_program_has_no_violations():
    findings = check(compiled())
    assert not findings.violations
    assert findings.operations > 6


def test_example_programs_have_no_violations(any_program):
    program = compile_program(any_program, Options(clients=CLIENTS))
    rng = np.random.default_rng(0)
    inputs = {}
    for op in program.tensor.of(checking.Input):
        shape = tuple(CLIENTS if d == "n" else int(d) for d in op.type.shape)
        inputs[op.path] = rng.normal(size=shape).clip(-7, 7) if len(shape) == 2 else rng.uniform(1, 7, shape)
    assert not check(program, **inputs).violations


@pytest.mark.parametrize(
    ("claimed", "found"), [(Interval(0.0, 2.5), 3.0), (Interval(0.5, 24.0), 0.0), (Interval(-1.0, -0.5), 1.0)]
)
def test_a_wrong_range_is_found(monkeypatch, claimed, found):
    class Wrong(Ranges):
        def __getitem__(self, value: Value) -> Interval:
            return claimed if isinstance(value.op, Relu) else super().__getitem__(value)

    monkeypatch.setattr(checking, "Ranges", Wrong)
    violation = check(compiled()).violations[0]
    assert isinstance(violation.op, Relu)
    assert violation.found == found
    assert f"relu at {violation.op.location}: is within [{claimed.lo:g}, {claimed.hi:g}], but" in str(violation)


def test_a_wrong_sign_is_found(monkeypatch):
    monkeypatch.setattr(checking, "non_negative", lambda program: {program.ops[0].result})
    (violation,) = check(compiled()).violations
    assert violation.claim == "is not negative"
    assert violation.entries == 2


def test_what_the_run_checks_itself_is_no_claim():
    """x/y of signed x and y has a working range; the product with 0 is what it is."""
    b = TensorProgram("guarded")
    x, y = b.clients("x", 2), b.clients("y", 2)
    zero = b.add(Constant, value=np.zeros(()), dtype=DType.F32)
    chosen = b.add(Select, b.add(Greater, y, zero), b.add(Div, x, y), zero)
    b.returns(b.add(Sum, chosen, axes=(0,)))
    program = compile_program(b.build(), Options(clients=CLIENTS))
    quotients = [v for v in Ranges(program.optimised).checked if not isinstance(v.op, Select)]
    assert quotients
    assert not check(program, x=X, y=np.where(X > 0, X, -1e-30)).violations
    with pytest.raises(DivisionError):
        check(program, x=X, y=np.where(X > 0, 1e-9, X))


def test_a_public_value_beyond_its_bound_ends_the_check_as_it_ends_a_round():
    b = TensorProgram("above")
    above = b.add(Greater, b.clients("x", 2), b.add(Log, b.server("s")))
    b.returns(b.add(Sum, b.add(Cast, above, dtype=DType.F32), axes=(0,)))
    program = compile_program(b.build(), Options(clients=CLIENTS))
    assert not check(program, x=X, s=np.array(1.0)).violations
    with pytest.raises(InputError, match="public0"):
        check(program, x=X, s=np.array(0.0))


def with_circuit(program: Compiled, build: Callable[[CircuitBuilder, Wires], Wires]) -> Compiled:
    """The program with another circuit, which gets the operand in the result's format."""
    (name,) = program.secure.circuits
    (circuit,) = program.secure.of(protocol.Circuit)
    (operand,) = circuit.operands
    format_, result = operand.type.format, circuit.formats[0]
    b = CircuitBuilder()
    below = (b.constant(False),) * (result.frac - format_.frac)
    b.output(build(b, words.sign_extend(below + b.input(format_.width), result.width)))
    return replace(program, secure=replace(program.secure, circuits={name: b.build()}))


def test_a_circuit_that_computes_something_else_is_found():
    violations = check(with_circuit(compiled(), words.neg)).violations
    assert {v.op.name for v in violations} == {"relu"}, "what follows from it is right, given its operands"
    assert violations[0].entries == X.size
    assert "relu of its operands is 1.0" in violations[0].claim


@pytest.mark.parametrize(("bit", "found"), [(0, False), (20, True)])
def test_a_circuit_that_is_off_by_more_than_its_precision_is_found(bit, found):
    """Of 50 fractional bits."""

    def build(b: CircuitBuilder, x: Wires) -> Wires:
        word = list(words.relu(b, x))
        return (*word[:bit], b.constant(True), *word[bit + 1 :])

    assert bool(check(with_circuit(compiled(), build)).violations) == found


def test_a_format_that_is_too_narrow_is_found(monkeypatch):
    """The claim of the analysis is within the format, and wrong."""
    b = TensorProgram("sum of roots")
    x = b.clients("x", 2)
    b.returns(b.add(Sum, b.add(Sqrt, b.add(Mul, b.add(Add, x, x), x)), axes=(0,)))
    narrow = b.build()
    original = Ranges.__getitem__
    monkeypatch.setattr(
        Ranges,
        "__getitem__",
        lambda self, value: Interval(0.0, 0.5) if isinstance(value.op, Mul) else original(self, value),
    )
    program = compile_program(narrow, Options(clients=CLIENTS))
    assert "to_yao" in [v.op.name for v in check(program).violations]


def test_values_that_nobody_computes_are_compared_with_nothing():
    """Holders exist in the program, and have the shape of what they hold."""
    program = compiled()
    kept = {result for op in program.secure.ops for result in op.results}
    assert program.holders
    for value, holder in ((v, h) for v, holders in program.holders.items() for h in holders):
        assert holder in kept
        assert holder.type.shape == value.type.shape


def test_a_division_by_zero_ends_the_check_as_it_ends_a_round():
    b = TensorProgram("normalised")
    x = b.clients("x", 2)
    norm = b.add(Reshape, b.norm(x, axis=1), shape=("n", 1))
    b.returns(b.add(Sum, b.add(Div, x, norm), axes=(0,)))
    program = compile_program(b.build(), Options(clients=CLIENTS, proofs=False))
    assert not check(program).violations
    with pytest.raises(DivisionError):
        check(program, x=X * [[1.0], [0.0], [1.0]])


APPROXIMATED = """\
program @magnitudes (clients <= 2) tensor {
  %0 = input {path = "y", placement = clients, bound = none, type = secret<f32[n, 3]>} : secret<f32[n, 3]>
  %1 = sigmoid %0 : secret<f32[n, 3]>
  %2 = abs %1 : secret<f32[n, 3]>
  %3 = sum %2 {axes = [1]} : secret<f32[n]>
  %4 = sign %1 : secret<f32[n, 3]>
  %5 = reshape %3 {shape = [n, 1]} : secret<f32[n, 1]>
  %6 = mul %4, %5 : secret<f32[n, 3]>
  %7 = sum %6 {axes = [0]} : secret<f32[3]>
  output %7 {path = "result"}
}
"""


def test_what_approximations_inside_a_circuit_are_off_by_is_no_wrong_claim():
    """Of the sigmoid there is no value of its own, so its error shows in the next one's."""
    y = np.array([[8, -8, 0.6], [-8, 1, 2]], np.float32)
    outcome = run_case(Case(parse_program(APPROXIMATED), {"y": y}, 2))
    assert not outcome.is_fault, outcome.why
