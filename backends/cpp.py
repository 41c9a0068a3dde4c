"""Pieces of C++ that several back ends emit: the user's names and texts, shapes, comments, local operations.

Names and texts of the user's (identifiers, file names, comments, literals) come out so that they cannot break out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import numpy as np

from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.mpc import io, linear, structure
from ezprivsecfl.ir.mpc.results import opening_of
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.structural import MOVES
from ezprivsecfl.ir.types import ArithType, RingType, Shape


def environment(templates: Path) -> jinja2.Environment:
    """Where a back end's templates are rendered."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )


def circuit_files(secure: Program) -> dict[str, str]:
    """A file name for every circuit; names that differ only in special characters get different files."""
    files: dict[str, str] = {}
    for name in secure.circuits:
        stem = identifier(name)
        while f"{stem}.txt" in files.values():
            stem += "_"
        files[name] = f"{stem}.txt"
    return files


def class_name(name: str) -> str:
    """Name of the C++ class; the ending keeps it apart from the engine's classes and from C++'s keywords."""
    camel = "".join(part.capitalize() for part in identifier(name).split("_"))
    return f"{camel if camel[:1].isalpha() else f'Compiled{camel}'}Program"


def plain(text: str) -> str:
    """Text for a C++ comment: cannot end or continue the line."""
    return "".join(c if c.isprintable() and c != "\\" else "?" for c in text)


def literal(text: str) -> str:
    """A C++ string literal: everything but plain ASCII as octal escapes of its UTF-8 bytes."""
    safe = (b.isascii() and b.isprintable() and b not in '"\\?' for b in map(chr, text.encode()))
    return '"' + "".join(chr(b) if ok else f"\\{b:03o}" for b, ok in zip(text.encode(), safe, strict=True)) + '"'


def identifier(name: str) -> str:
    """A C++ identifier like ``name``."""
    cleaned = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    return cleaned if cleaned and not cleaned[0].isdigit() else f"_{cleaned}"


def comment(op: Op) -> list[str]:
    """Names the IR's operation and points back to the user's program (no line if the place is not known)."""
    where = op.location
    if not where.line:
        return []
    return ["// " + plain(f"{op.name}, {Path(where.file).name}:{where.line} {where.op}".rstrip())]


def sealed(output: io.Output, names: Mapping[Value, str]) -> str:
    """A result that is to be opened, and how finely (``duet::Sealed``)."""
    opening = opening_of(output)
    if opening is None:
        return f"{{{names[output.operands[0]]}, kPublic}}"
    fineness = "kExact" if opening.significant is None else f"{opening.significant}U"
    return f"{{{names[opening.operands[0]]}, {fineness}}}"


def shape_literal(shape: Shape) -> str:
    """A shape; the clients axis is the variable ``n``."""
    return "Shape{" + ", ".join(map(str, shape)) + "}"


def list_literal(numbers: Sequence[int]) -> str:
    """A braced list."""
    return "{" + ", ".join(map(str, numbers)) + "}"


def move(op: Op, x: Sequence[str]) -> str:
    """An operation of ``MOVES`` on operands of any domain."""
    match op:
        case structure.Reshape():
            return f"reshape({x[0]}, {shape_literal(op.shape)})"
        case structure.Stack() | structure.Unstack():
            return f"reshape({x[0]}, {shape_literal(op.result.type.shape)})"
        case structure.Transpose():
            return f"transpose({x[0]}, {list_literal(op.permutation)})"
        case structure.Broadcast():
            return f"broadcast_to({x[0]}, {shape_literal(op.shape)})"
        case structure.Slice():
            return f"slice({x[0]}, {list_literal(op.starts)}, {shape_literal(op.sizes)}, {list_literal(op.strides)})"
        case structure.Take():
            return f"take({x[0]}, {op.axis}, {list_literal(op.positions.tolist())})"
        case structure.Concat():
            return f"concat({op.axis}, {', '.join(x)})"
    raise AssertionError(op.name)


def local_expression(program: Program, op: Op, names: Mapping[Value, str]) -> str:
    """An operation that each server computes by itself on additive shares and public values.

    The variables ``shares``, ``publics``, ``s`` (the session) and ``n`` must be in scope.

    Raises:
        UnsupportedError: It is another one.
    """
    x = [names[o] for o in op.operands]
    match op:
        case io.Share():
            return f"shares.at({program.of(io.Share).index(op)})"
        case io.ProvedProduct():
            return f"shares.at({len(program.of(io.Share)) + program.of(io.ProvedProduct).index(op)})"
        case io.Private():
            before = len(program.of(io.Share)) + len(program.of(io.ProvedProduct))
            row = f"shares.at({before + program.of(io.Private).index(op)})"
            return f"reshape({row}, {shape_literal(op.result.type.shape)})"
        case io.Public():
            return f"publics.at({program.of(io.Public).index(op)})"
        case io.Constant():
            numbers = ", ".join(f"{int(v)}U" for v in np.asarray(op.value).flat)
            return f"Tensor<Ring>({shape_literal(op.result.type.shape)}, {{{numbers}}})"
        case linear.Add() | linear.Sub():
            return f"{op.name}({', '.join(_added(op, o, names) for o in op.operands)})"
        case linear.AsShares():
            return f"public_share({x[0]}, s.party())"
    return linear_expression(op, x)


def linear_expression(op: Op, x: Sequence[str]) -> str:
    """A linear function of the operands; raises UnsupportedError for any other operation."""
    match op:
        case linear.Add() | linear.Sub():
            return f"{op.name}({x[0]}, {x[1]})"
        case linear.Neg():
            return f"neg({x[0]})"
        case linear.Widen():
            return f"shift_left({x[0]}, {op.bits})"
        case linear.MulPublic():
            return f"mul({x[0]}, {x[1]})"
        case linear.MatMulPublic():
            return f"matmul({x[0]}, {x[1]})"
        case structure.Sum():
            return f"sum({x[0]}, {list_literal(op.axes)})"
    if isinstance(op, MOVES):
        return move(op, x)
    raise UnsupportedError(f"servers do not compute {op.name} by themselves", [op.location])


def _added(op: Op, operand: Value, names: Mapping[Value, str]) -> str:
    """A public value is added to one of the two shares only."""
    name = names[operand]
    public_among_shares = isinstance(op.results[0].type, ArithType) and isinstance(operand.type, RingType)
    return f"public_share({name}, s.party())" if public_among_shares else name
