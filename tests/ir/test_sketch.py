"""Sketches: linear, as specified, with the mean and the variance that the literature gives."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.ir.verifier import verify
from ezprivsecfl.ir.widths import BLOCKS

COINS = np.array([1, 2**32 - 1, 0, 7], dtype=np.uint64)


def text(entries: int, sums: int) -> str:
    return f"""\
program @p (clients <= 50) mpc {{
  %0 = share {{path = "x", bound = 8.0, type = arith<0>[n, {entries}]}} : arith<0>[n, {entries}]
  %1 = coins : ring<0>[4]
  %2 = sketch %0, %1 {{sums = {sums}}} : arith<1>[n, {sums}]
  %3 = open %2 : ring<1>[n, {sums}]
  output %3 {{path = "sums"}}
}}
"""


def program(entries: int, sums: int) -> Program:
    parsed = parse_program(text(entries, sums))
    verify(parsed)
    return parsed


def sketched(x: np.ndarray, sums: int, coins: np.ndarray | None = COINS) -> np.ndarray:
    return run_mpc(program(x.shape[1], sums), {"x": x}, len(x), coins=coins)["sums"]


def by_the_letter(row: np.ndarray, number: int, sums: int) -> list[int]:
    """One entry after the other, in Python's integers."""
    entries, width = len(row), sums // 4
    seed = b"".join(int(c).to_bytes(4, "little") for c in COINS)
    stream = hashlib.shake_128(seed).digest(16 * entries + 4 * (number + 1))
    words = [int.from_bytes(stream[i : i + 4], "little") for i in range(0, len(stream), 4)]
    offset = words[-1] * entries // 2**32
    totals = [0] * sums
    for j in range(entries):
        for block in range(4):
            word = words[4 * ((j + offset) % entries) + block]
            totals[block * width + (word // 2) * width // 2**31] += int(row[j]) * (-1 if word % 2 else 1)
    return [t % 2**64 for t in totals]


def test_text_form() -> None:
    assert print_program(program(5, 8)) == text(5, 8)


def test_every_entry_goes_where_it_should() -> None:
    x = np.random.default_rng(0).integers(2**64, size=(3, 50), dtype=np.uint64)
    for sums in (4, 12, 64):
        assert sketched(x, sums).tolist() == [by_the_letter(row, number, sums) for number, row in enumerate(x)]


def test_coins_are_fresh_unless_they_are_given() -> None:
    x = np.arange(40, dtype=np.uint64).reshape(1, 40)
    assert not np.array_equal(sketched(x, 16, coins=None), sketched(x, 16, coins=None))


@pytest.mark.parametrize("entries", [2, 300])
def test_squared_norms_are_kept_on_average(entries) -> None:
    sums, maps = 64, 600
    x = np.full((1, entries), 5, dtype=np.uint64)
    rng = np.random.default_rng(1)
    estimates = []
    for _ in range(maps):
        values = sketched(x, sums, rng.integers(2**32, size=4, dtype=np.uint64)).astype(np.int64) / 2
        estimates.append(np.sum(values**2) / (25 * entries))
    assert abs(np.mean(estimates) - 1) < 5 * np.sqrt(2 / sums / maps)
    assert np.var(estimates) == pytest.approx(2 / sums * (1 - 1 / entries), rel=0.3)


def test_rows_that_are_alike_do_not_err_alike() -> None:
    rows, entries, sums = 50, 400, 64
    x = np.tile(np.random.default_rng(3).integers(1, 100, entries, dtype=np.uint64), (rows, 1))
    estimates = np.sum((sketched(x, sums).astype(np.int64) / 2) ** 2, axis=1) / np.sum(x[0] ** 2)
    assert np.std(estimates) == pytest.approx(np.sqrt(2 / sums), rel=0.4)
    assert abs(np.mean(estimates) - 1) < 4 * np.sqrt(2 / sums / rows)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sums = 8", "sums = 6", f"6 sums are not a positive multiple of {BLOCKS}"),
        ("sums = 8", "sums = 0", f"0 sums are not a positive multiple of {BLOCKS}"),
        ("sketch %0, %1", "sketch %0, %0", "needs coins of type ring<0>[4]"),
        ("sketch %0, %1", "sketch %1, %1", "needs additive shares of shape [..., k]"),
    ],
)
def test_what_is_refused(old, new, message) -> None:
    with pytest.raises(CompileError) as error:
        parse_program(text(5, 8).replace(old, new))
    assert message in str(error.value)
