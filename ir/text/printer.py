"""Prints a program in the text form that ``parser.py`` reads back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from ezprivsecfl.errors import UNKNOWN, Location
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.text.arrays import array_text, scalar_text
from ezprivsecfl.ir.text.hints import attribute_hints, includes
from ezprivsecfl.ir.types import BitFormat, FixedFormat, FloatFormat, Type

if TYPE_CHECKING:
    from ezprivsecfl.ir.circuits.builder import Circuit

BARE_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*"


def print_program(program: Program, *, elide: bool = False) -> str:
    """The program as text; every operation is one line, and the first one follows the header line.

    Args:
        program: Any program, also one that breaks the rules of the verifier (which prints it then).
        elide: Leave out circuits and the elements of long constants; such a text does not parse back.
    """
    numbered = enumerate(value for op in program.ops for value in op.results)
    names = {value: f"%{i}" for i, value in numbered}
    limit = "" if program.max_clients is None else f" (clients <= {program.max_clients})"
    lines = [f"program {symbol_text(program.name)}{limit} {program.level.value} {{"]
    lines += [f"  {op_text(op, names, elide=elide)}" for op in program.ops]
    lines += ["}"]
    for name, circuit in program.circuits.items():
        lines += ["", f'circuit {symbol_text(name)} """', "..." if elide else circuit_text(circuit), '"""']
    return "\n".join(lines) + "\n"


def op_text(op: Op, names: Mapping[Value, str], *, elide: bool = False) -> str:
    """One operation as one line, e.g. ``%2 = sum %1 {axes = [1]} : secret<f32[n]> loc("a.py":12 "Sum")``."""
    text = op.name
    if op.operands:
        text += " " + ", ".join(names.get(o, "%undefined") for o in op.operands)
    hints, defaults = attribute_hints(type(op)), op.defaults()
    attributes = [
        f"{name} = {attribute_text(value, hints[name], elide=elide)}"
        for name, value in op.attributes().items()
        if name not in defaults or value != defaults[name]
    ]
    if attributes:
        text += " {" + ", ".join(attributes) + "}"
    if op.results:
        text = ", ".join(names[r] for r in op.results) + f" = {text}"
        text += " : " + ", ".join(str(r.type) for r in op.results)
    if op.location != UNKNOWN:
        text += " " + location_text(op.location)
    return text


def attribute_text(value: Any, hint: Any = Any, *, elide: bool = False) -> str:
    """An attribute's value; ``hint`` is the type it was declared with."""
    if value is None:
        return "none"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return value if includes(hint, value) else json.dumps(value)
    if isinstance(value, Type | FixedFormat | FloatFormat | BitFormat):
        return str(value)
    if isinstance(value, np.ndarray):
        return array_text(value, elide=elide)
    if isinstance(value, tuple):
        (element, *_) = getattr(hint, "__args__", (Any,))
        return "[" + ", ".join(attribute_text(v, element, elide=elide) for v in value) + "]"
    if isinstance(value, bool | np.bool_):
        return scalar_text(bool(value))
    if isinstance(value, Integral) and not includes(hint, float):
        return scalar_text(int(value))
    return scalar_text(float(value))


def location_text(location: Location) -> str:
    """A place in the user's program."""
    op = f" {json.dumps(location.op)}" if location.op else ""
    return f"loc({json.dumps(location.file)}:{location.line}{op})"


def symbol_text(name: str) -> str:
    """The name of a program or circuit: ``@fltrust``, or ``@"any text"``."""
    return f"@{name}" if re.fullmatch(BARE_NAME, name) else f"@{json.dumps(name)}"


def circuit_text(circuit: Circuit) -> str:
    """A Boolean circuit in Bristol Fashion."""
    from ezprivsecfl.ir.circuits.bristol import write  # only the mpc level has circuits

    return write(circuit).strip()
