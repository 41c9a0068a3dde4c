"""First operands of AND gates: few different ones, and counted as the engine counts them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.circuit import KEY_BITS
from ezprivsecfl.ir.circuits.factors import with_common_factors


def cover(pairs: list[tuple[int, int]]) -> int:
    """The size of a smallest vertex cover, by trying all."""
    wires = sorted({wire for pair in pairs for wire in pair})
    for size in range(len(wires) + 1):
        for chosen in itertools.combinations(wires, size):
            if all(set(pair) & set(chosen) for pair in pairs):
                return size
    raise AssertionError


def test_pairs_are_turned_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        pairs = [(int(x), int(y)) for x, y in rng.integers(0, 9, (12, 2)) if x != y]
        turned = with_common_factors(pairs)
        assert [set(pair) for pair in turned] == [set(pair) for pair in pairs]
        assert len({first for first, _ in turned}) <= cover(pairs) + 1


@pytest.mark.parametrize(
    "pairs", [[(i, 9) for i in range(5)], [(9, i) for i in range(5)], [(1, 2), (2, 3), (3, 4)], []]
)
def test_stars_and_paths_have_smallest_covers(pairs: list[tuple[int, int]]) -> None:
    assert len({first for first, _ in with_common_factors(pairs)}) == cover(pairs)


def test_a_selection_between_words_has_one_factor() -> None:
    b = CircuitBuilder()
    b.output(words.mux(b, b.input(1)[0], b.input(20), b.input(20)))
    circuit = b.build()
    assert (circuit.and_count, circuit.factors, circuit.openings) == (20, 1, (21,))


def test_a_wire_with_more_gates_than_a_key_has_bits_counts_several_times() -> None:
    b = CircuitBuilder()
    chosen, word = b.input(1)[0], b.input(KEY_BITS + 1)
    b.output(words.mask(b, chosen, word))
    assert (b.build().factors, b.build().openings) == (2, (KEY_BITS + 3,))


def test_a_factor_is_opened_where_it_is_used_first() -> None:
    b = CircuitBuilder()
    chosen, x, y = b.input(1)[0], *b.input(2)
    first = b.and_(chosen, x)
    b.output((first, b.and_(chosen, b.xor(first, y))))
    circuit = b.build()
    assert (circuit.and_count, circuit.factors, circuit.depth, circuit.openings) == (2, 1, 2, (2, 1))
