"""The text form and the verifier on the mpc level: ring types, several results, circuits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ezprivsecfl.errors import CompileError, VerifyError
from ezprivsecfl.ir.mpc import MpcOp
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.ir.text.hints import attribute_hints
from ezprivsecfl.ir.types import BitFormat, FixedFormat, YaoType
from ezprivsecfl.ir.verifier import verify

PROGRAM = """\
program @p (clients <= 9) mpc {
  %0 = share {path = "x", bound = 8.0, type = arith<20>[n, 4], norm = 12.5} : arith<20>[n, 4]
  %1 = constant {value = array<u64[4]> [1, 2, 3, 18446744073709551615], frac = 20} : ring<20>[4]
  %2 = add %0, %1 : arith<20>[n, 4] loc("a.py":3 "AddV2")
  %3 = mask %2 : masked<20>[n, 4]
  %4 = square_sum %3 : arith<40>[n]
  %5 = to_yao %4 {width = 2} : yao<fixed 2 40>[n]
  %6, %7 = circuit %5 {circuit = "inv and", formats = [fixed 2 40, bit]} : yao<fixed 2 40>[n], yao<bit>[n]
  %8 = from_yao %6 : arith<40>[n]
  %9 = sum %8 {axes = [0]} : arith<40>[]
  %10 = open %9 : ring<40>[]
  output %10 {path = "r"}
}
"""


# One input of two wires; the first output has both inverted and swapped, the second is their conjunction.
INV_AND = """\
3 5
1 2
2 2 1

1 1 1 2 INV
1 1 0 3 INV
2 1 0 1 4 AND
"""


def with_circuit() -> str:
    return f'{PROGRAM}\ncircuit @"inv and" """\n{INV_AND}"""\n'


def test_round_trip() -> None:
    program = parse_program(with_circuit())
    verify(program)
    text = print_program(program)
    assert text.startswith(PROGRAM)
    again = parse_program(text)
    verify(again)
    assert print_program(again) == text
    assert again.circuits == program.circuits
    (op,) = [op for op in again.ops if op.name == "circuit"]
    assert [r.type for r in op.results] == [YaoType(("n",), FixedFormat(2, 40)), YaoType(("n",), BitFormat())]


def test_every_attribute_type_has_a_text_form() -> None:
    from ezprivsecfl.ir.text.decode import _describe
    from ezprivsecfl.ir.text.hints import alternatives

    for kind in MpcOp.REGISTRY.values():
        for hint in attribute_hints(kind).values():
            for option in alternatives(hint):
                assert _describe(option)


def failure(program: Program) -> str:
    with pytest.raises(VerifyError) as error:
        verify(program)
    return str(error.value)


def test_missing_circuit() -> None:
    message = failure(parse_program(PROGRAM))
    assert message.startswith("circuit names circuit 'inv and', which does not exist\n")
    assert "\n  ^^^^" in message


def test_unused_circuit() -> None:
    program = parse_program(with_circuit())
    circuits = {**program.circuits, "other": program.circuits["inv and"]}
    assert failure(replace(program, circuits=circuits)).startswith("no operation uses circuit 'other'\n")


def test_circuit_that_does_not_fit() -> None:
    text = with_circuit().replace("width = 2} : yao<fixed 2 40>", "width = 3} : yao<fixed 3 40>")
    message = failure(parse_program(text))
    assert message.startswith("circuit 'inv and' takes and gives (2,) and (2, 1) wires, circuit has (3,) and (2, 1)\n")


def test_operation_of_the_other_level() -> None:
    program = parse_program(with_circuit())
    ops: tuple[Op, ...] = program.ops
    assert failure(Program("p", Level.TENSOR, None, ops)).startswith("share is no operation of the tensor level\n")


def test_bad_circuit() -> None:
    text = PROGRAM + 'circuit @"inv and" """\nrubbish\n"""\n'
    with pytest.raises(CompileError) as error:
        parse_program(text, "p.ir")
    assert str(error.value).startswith("p.ir:14:20: not a circuit: ")


def test_circuit_twice() -> None:
    text = with_circuit() + f'circuit @"inv and" """\n{INV_AND}"""\n'
    with pytest.raises(CompileError) as error:
        parse_program(text, "p.ir")
    assert "a circuit of this name is defined above\n" in str(error.value)
