from __future__ import annotations

import numpy as np
import pytest

from ezprivsecfl.ir.circuits import bristol, words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder, GateKind
from ezprivsecfl.ir.circuits.evaluate import evaluate, from_bits, to_bits
from ezprivsecfl.ir.circuits.library import standard_circuits
from ezprivsecfl.ir.circuits.relu import minimax_relu

AND_COUNTS = {
    "abs64": 63,
    "add64": 63,
    "div64": 3387,
    "equal64": 63,
    "float_div": 472,
    "float_max": 79,
    "float_mul": 472,
    "float_reciprocal": 402,
    "float_rsqrt": 648,
    "float_sqrt": 237,
    "float_to_fixed64": 339,
    "less64": 64,
    "max64": 128,
    "mul64": 2142,
    "mux64": 64,
    "normalise64": 300,
    "reciprocal64": 1035,
    "relu64": 63,
    "rsqrt64": 1107,
    "sqrt64": 700,
    "sub64": 63,
}


@pytest.fixture(scope="module")
def library():
    return standard_circuits()


def test_and_counts_are_pinned(library):
    assert {name: circuit.and_count for name, circuit in library.items()} == AND_COUNTS


def test_bristol_fashion_prints_and_parses_back(library):
    for circuit in library.values():
        text = bristol.write(circuit)
        assert bristol.parse(text) == circuit
        assert bristol.write(bristol.parse(text)) == text
        commented = bristol.write(circuit, "what it computes")
        assert commented == f"{text}# what it computes\n"
        assert bristol.parse(f"# first\n{commented}") == circuit


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 3\n", "starts with three lines"),
        ("a 3\n2 1 1\n1 1\n", "line 1: expected 2 numbers"),
        ("1 3\n3 1 1\n1 1\n\n2 1 0 1 2 AND\n", "line 2: expected 3 widths"),
        ("2 3\n2 1 1\n1 1\n\n2 1 0 1 2 AND\n", "expected 2 gates, found 1"),
        ("1 3\n2 1 1\n1 1\n\n2 1 0 1 2 NAND\n", "line 5: there is no gate 'NAND'"),
        ("1 3\n2 1 1\n1 1\n\n2 1 0 x 2 AND\n", "line 5: expected '2 1', 3 numbers and AND"),
        ("1 3\n2 1 1\n1 1\n\n2 1 0 2 2 AND\n", "line 5: wire 2 is used before"),
        ("1 3\n2 1 1\n1 1\n\n1 1 7 2 EQ\n", "a constant is 0 or 1, not 7"),
    ],
)
def test_malformed_bristol_names_the_line(text, message):
    with pytest.raises(ValueError, match=message):
        bristol.parse(text)


def test_builder_folds_constants_shares_gates_and_drops_dead_ones():
    b = CircuitBuilder()
    x, y = b.input(1)[0], b.input(1)[0]
    assert b.xor(x, x) == b.constant(False)
    assert b.and_(x, b.inv(x)) == b.constant(False)
    assert b.and_(x, b.constant(True)) == x
    assert b.or_(x, b.constant(True)) == b.constant(True)
    assert b.and_(x, y) == b.and_(y, x)
    b.and_(b.xor(x, y), y)
    b.output((b.and_(x, y), b.constant(True), b.inv(x)))
    circuit = b.build()
    assert circuit.and_count == 1
    assert [g.kind for g in circuit.gates if g.kind is not GateKind.EQW] == [GateKind.AND, GateKind.EQ, GateKind.INV]
    (out,) = evaluate(circuit, [to_bits([0, 1, 1], 1), to_bits([1, 0, 1], 1)])
    assert from_bits(out) == [0b110, 0b010, 0b011]


def test_depth_counts_ands_on_the_longest_path():
    b = CircuitBuilder()
    b.output((words.all_of(b, b.input(8)),))
    circuit = b.build()
    assert (circuit.and_count, circuit.depth) == (7, 3)


def test_evaluation_checks_widths():
    b = CircuitBuilder()
    b.output(b.input(3))
    with pytest.raises(ValueError, match=r"widths \(3,\), got \[\(1, 2\)\]"):
        evaluate(b.build(), [to_bits([1], 2)])


@pytest.mark.parametrize(("degree", "error"), [(2, 0.0625), (4, 0.033811), (6, 0.022965), (8, 0.017345)])
def test_relu_polynomials_equioscillate(degree, error):
    coefficients, worst = minimax_relu(degree, 1.0)
    x = np.linspace(-1, 1, 4001)
    measured = np.abs(np.polynomial.polynomial.polyval(x, coefficients) - np.maximum(x, 0))
    assert worst == pytest.approx(error, abs=2e-5)
    assert measured.max() == pytest.approx(worst, rel=1e-3)
    scaled, larger = minimax_relu(degree, 8.0)
    assert larger == pytest.approx(8 * worst)
    assert np.polynomial.polynomial.polyval(8 * x, scaled) == pytest.approx(
        8 * np.polynomial.polynomial.polyval(x, coefficients)
    )


@pytest.mark.parametrize("degree", [0, 1, 3, -2])
def test_relu_polynomials_have_even_degree(degree):
    with pytest.raises(ValueError, match="even and positive"):
        minimax_relu(degree, 1.0)
