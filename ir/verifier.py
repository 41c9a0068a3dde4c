"""Checks the rules that every program keeps: run between passes and on every text that is read."""

from __future__ import annotations

from collections.abc import Iterator

from ezprivsecfl.errors import VerifyError
from ezprivsecfl.ir.interpreter import input_path, output_path
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.registry import registry
from ezprivsecfl.ir.text import print_program
from ezprivsecfl.ir.types import WiresType

SHOWN_LINES = 12
"""How many lines before and after the wrong one a message shows."""


def verify(program: Program) -> None:
    """Raises VerifyError if the program breaks a rule; the message shows the program and where.

    The rules: the number of clients is positive; operations belong to the program's level, use only values
    defined before, and have the types that follow from their operands; paths of inputs and of outputs are
    unique; there is an output; circuits that are named exist and fit, and no circuit is unused.
    """
    for message, index in _broken_rules(program):
        raise VerifyError(f"{message}\n{_shown(program, index)}")


def _broken_rules(program: Program) -> Iterator[tuple[str, int | None]]:
    """Messages with the index of the wrong operation, or None where the program as a whole is wrong."""
    if program.max_clients is not None and program.max_clients < 1:
        yield f"the program is for at most {program.max_clients} clients", None
    defined: set[Value] = set()
    for index, op in enumerate(program.ops):
        for message in (*_broken_definition(program, op, defined), *_broken_circuit(program, op)):
            yield message, index
        defined.update(op.results)
    yield from _repeated_paths("input", [input_path(op) for op in program.ops])
    outputs = [output_path(op) for op in program.ops]
    yield from _repeated_paths("output", outputs)
    if not any(path is not None for path in outputs):
        yield "the program has no output", None
    named = {getattr(op, "circuit", None) for op in program.ops}
    for name in program.circuits:
        if name not in named:
            yield f"no operation uses circuit {name!r}", None


def _broken_definition(program: Program, op: Op, defined: set[Value]) -> Iterator[str]:
    if registry(program.level).get(op.name) is not type(op):
        yield f"{op.name or type(op).__name__} is no operation of the {program.level.value} level"
    for i, operand in enumerate(op.operands):
        if operand not in defined:
            yield f"operand {i} of {op.name} is used before it is defined"
    if any(result in defined for result in op.results):
        yield f"{op.name} is in the program twice"
    if any((r.op, r.index) != (op, i) for i, r in enumerate(op.results)):
        yield f"a result of {op.name} belongs to another operation"
    try:
        inferred = op.infer()
    except VerifyError as e:
        yield str(e)
        return
    recorded = tuple(r.type for r in op.results)
    if inferred != recorded:
        yield f"{op.name} has type {_type_list(recorded)}, but its operands give {_type_list(inferred)}"


def _broken_circuit(program: Program, op: Op) -> Iterator[str]:
    name: str | None = getattr(op, "circuit", None)
    if name is None:
        return
    if name not in program.circuits:
        yield f"{op.name} names circuit {name!r}, which does not exist"
        return
    circuit = program.circuits[name]
    taken = tuple(o.type.format.width for o in op.operands if isinstance(o.type, WiresType))
    given = tuple(r.type.format.width for r in op.results if isinstance(r.type, WiresType))
    expected = (tuple(circuit.input_widths), tuple(circuit.output_widths))
    if (taken, given) != expected:
        yield (
            f"circuit {name!r} takes and gives {expected[0]} and {expected[1]} wires, {op.name} has {taken} and {given}"
        )


def _repeated_paths(what: str, paths: list[str | None]) -> Iterator[tuple[str, int | None]]:
    seen: set[str | None] = set()
    for index, path in enumerate(paths):
        if path is not None and path in seen:
            yield f"two {what}s have the path {path!r}", index
        seen.add(path)


def _type_list(types: tuple[object, ...]) -> str:
    return ", ".join(map(str, types)) or "nothing"


def _shown(program: Program, index: int | None) -> str:
    """The program (long ones in part) with carets below the wrong operation or the header."""
    lines = print_program(program, elide=True).splitlines()
    wrong = 0 if index is None else index + 1
    text = lines[wrong].lstrip()
    carets = " " * (len(lines[wrong]) - len(text)) + "^" * len(text)
    first, last = max(wrong - SHOWN_LINES, 0), wrong + SHOWN_LINES + 1
    shown = [*lines[first : wrong + 1], carets, *lines[wrong + 1 : last]]
    head = [lines[0], "  ..."] if first > 1 else lines[:first]
    tail = ["  ..."] if last < len(lines) else []
    return "\n".join([*head, *shown, *tail])
