"""What a pass is: a small class whose fields are its options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from ezprivsecfl.errors import CompileError, VerifyError
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.tensor import Output
from ezprivsecfl.ir.tensor.values import tensor_type
from ezprivsecfl.ir.types import DType, Shape
from ezprivsecfl.ir.verifier import verify


class Pass(Protocol):
    """A transformation of programs of one level.

    The docstring of a pass has an example, a program before and after it, which the tests run.
    """

    @property
    def level(self) -> Level:
        """The level of its programs."""

    def run(self, program: Program) -> Program:
        """Returns the transformed program; the argument is left as it is."""


def pass_name(one: Pass) -> str:
    """How a pass is called on the command line: ``factor-scales`` for ``FactorScales``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(one).__name__).lower()


def run_passes(program: Program, passes: Sequence[Pass]) -> Program:
    """Runs passes in order and verifies the program before and after each.

    Raises:
        CompileError: The program is of another level than a pass.
        VerifyError: A pass made an ill-formed program, or one with other results.
    """
    verify(program)
    results = _results(program)
    for one in passes:
        if one.level is not program.level:
            raise CompileError(
                f"{type(one).__name__} is a pass of the {one.level.value} level, "
                f"and {program.name} is a program of the {program.level.value} level"
            )
        program = one.run(program)
        verify(program)
        if _results(program) != results:
            raise VerifyError(f"{type(one).__name__} changed the results from {results} to {_results(program)}")
    return program


def _results(program: Program) -> list[tuple[str, Shape, DType]]:
    """Path, shape and element type of every output."""
    types = [(op.path, tensor_type(op.operands[0])) for op in program.of(Output)]
    return [(path, type_.shape, type_.dtype) for path, type_ in types]
