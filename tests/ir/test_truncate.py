"""Truncation: the reference rounds down, and what an engine cannot truncate is refused."""

from __future__ import annotations

import numpy as np
import pytest

from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.ir.types import ArithType, RingType


def program(bits: int) -> Program:
    b = ProgramBuilder("cut", Level.MPC, 9)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n",), 40))
    b.append(io.Output(operands=(b.add(protocol.Open, b.add(protocol.Truncate, x, bits=bits)),), path="y"))
    return b.build()


@pytest.mark.parametrize("bits", [1, 33, 62])
def test_values_of_both_signs_are_rounded_down(bits):
    x = np.array([0, 1, -1, 2**61 + 5, -(2**61) - 5, 2**62 - 1, 1 - 2**62], np.int64)
    cut = program(bits)
    found = run_mpc(cut, {"x": x.view(np.uint64)}, len(x))["y"].view(np.int64)
    assert found.tolist() == [int(v) // 2**bits for v in x]
    (output,) = cut.of(io.Output)
    assert output.operands[0].type == RingType(("n",), 40 - bits)
    assert print_program(parse_program(print_program(cut))) == print_program(cut)


def test_what_is_refused():
    for bits in (0, 63):
        with pytest.raises(VerifyError, match=f"{bits} bits are not within 1 to 62"):
            program(bits)
    b = ProgramBuilder("cut", Level.MPC, 9)
    public = b.add(io.Public, path="g", bound=8.0, type=RingType((2,), 40))
    with pytest.raises(VerifyError, match="a public value is encoded with the fractional bits"):
        b.add(protocol.Truncate, public, bits=4)
