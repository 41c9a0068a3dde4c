from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.tensor import Constant, Output
from ezprivsecfl.ir.tensor.elementwise import Add, Neg
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.ir.types import DType
from ezprivsecfl.ir.verifier import verify

TEXT = """\
program @p (clients <= 3) tensor {
  %0 = input {path = "x", placement = server, bound = none, type = public<f32[2]>} : public<f32[2]>
  %1 = neg %0 : public<f32[2]>
  %2 = add %0, %1 : public<f32[2]>
  output %2 {path = "r"}
}
"""


@pytest.fixture
def program() -> Program:
    return parse_program(TEXT)


def with_ops(program: Program, *ops: Op) -> Program:
    return replace(program, ops=ops)


def failure(program: Program) -> str:
    with pytest.raises(VerifyError) as error:
        verify(program)
    return str(error.value)


def test_good(program: Program) -> None:
    verify(program)


def test_message_points_at_the_operation(program: Program) -> None:
    x, neg, add, out = program.ops
    assert failure(with_ops(program, x, add, neg, out)) == (
        "operand 1 of add is used before it is defined\n"
        "program @p (clients <= 3) tensor {\n"
        '  %0 = input {path = "x", placement = server, bound = none, type = public<f32[2]>} : public<f32[2]>\n'
        "  %1 = add %0, %2 : public<f32[2]>\n"
        "  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  %2 = neg %0 : public<f32[2]>\n"
        '  output %1 {path = "r"}\n'
        "}"
    )


def test_message_about_the_whole_program(program: Program) -> None:
    assert failure(replace(program, max_clients=0)).startswith(
        "the program is for at most 0 clients\n"
        "program @p (clients <= 0) tensor {\n"
        "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  %0 = input"
    )


def test_long_programs_are_shown_in_part(program: Program) -> None:
    x, neg, add, out = program.ops
    before = [Neg(operands=x.results) for _ in range(30)]
    after = [Neg(operands=x.results) for _ in range(30)]
    shown = failure(with_ops(program, x, *before, add, *after, neg, out)).splitlines()
    assert shown[1:3] == ["program @p (clients <= 3) tensor {", "  ..."]
    assert shown[15] == "  %31 = add %0, %62 : public<f32[2]>"
    assert shown[16] == "  " + "^" * 34
    assert shown[-1] == "  ..."
    assert len(shown) == 30


def test_value_of_another_program(program: Program) -> None:
    x, neg, _, out = program.ops
    stray = Constant(value=np.zeros(2), dtype=DType.F32)
    add = Add(operands=(neg.result, stray.result))
    message = failure(with_ops(program, x, neg, add, out))
    assert message.startswith("operand 1 of add is used before it is defined")
    assert "%2 = add %1, %undefined" in message


def test_operation_twice(program: Program) -> None:
    x, neg, add, out = program.ops
    assert failure(with_ops(program, x, neg, neg, add, out)).startswith("neg is in the program twice")


def test_wrong_recorded_type(program: Program) -> None:
    _, neg, add, _ = program.ops
    neg.result.type = neg.result.type.with_shape((1,))
    add.result.type = add.result.type.with_shape((2,))
    assert failure(program).startswith("neg has type public<f32[1]>, but its operands give public<f32[2]>")


def test_operand_types_that_do_not_fit(program: Program) -> None:
    x, *_ = program.ops
    x.result.type = replace(x.result.type, dtype=DType.BOOL)  # type: ignore[call-arg]
    assert failure(program).startswith("input has type public<bool[2]>, but its operands give public<f32[2]>")


def test_operands_that_inference_refuses(program: Program) -> None:
    x, neg, add, out = program.ops
    object.__setattr__(neg, "operands", (x.result, x.result))
    assert failure(with_ops(program, x, neg, add, out)).startswith("neg takes 1 operands, not 2")


def test_foreign_result(program: Program) -> None:
    _, neg, _, _ = program.ops
    object.__setattr__(neg, "results", (Value(neg.result.type, program.ops[0]),))
    assert failure(program).startswith("a result of neg belongs to another operation")


class NotRegistered(Neg):
    """A class without a name."""


def test_operation_outside_the_registry(program: Program) -> None:
    x, neg, add, out = program.ops
    other = NotRegistered(operands=x.results)
    message = failure(with_ops(program, x, neg, other, add, out))
    assert message.startswith("NotRegistered is no operation of the tensor level")


def test_no_output(program: Program) -> None:
    assert failure(with_ops(program, *program.ops[:-1])).startswith("the program has no output")


def test_output_paths_are_unique(program: Program) -> None:
    second = Output(operands=program.ops[0].results, path="r")
    message = failure(with_ops(program, *program.ops, second))
    assert message.startswith("two outputs have the path 'r'\n")
    assert '  output %0 {path = "r"}\n  ^^^^' in message


def test_input_paths_are_unique(program: Program) -> None:
    x, *others = program.ops
    second = x.rebuild(())
    assert failure(with_ops(program, x, second, *others)).startswith("two inputs have the path 'x'\n")


def test_an_input_may_share_its_path_with_an_output() -> None:
    verify(parse_program(TEXT.replace('"r"', '"x"')))


def test_level() -> None:
    program = Program("p", Level.TENSOR, None, parse_program(TEXT).ops)
    verify(program)
