"""Circuits as text in Bristol Fashion, the "new" format of https://nigelsmart.github.io/MPC-Circuits/.

The first line gives the numbers of gates and wires, the second the inputs (how many, and the width of each), the
third the outputs. Then follows one line per gate: the numbers of its input and output wires, these wires, its kind.
Lines that start with ``#`` are comments; ours come last, where other programs, which stop after the last gate, do not
see them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ezprivsecfl.ir.circuits.circuit import Circuit, Gate, GateKind

ARITY = {GateKind.XOR: 2, GateKind.AND: 2, GateKind.INV: 1, GateKind.EQ: 1, GateKind.EQW: 1}


def write(circuit: Circuit, comment: str = "") -> str:
    """The circuit's text, with a comment of one line at its end; ``parse`` gives back an equal circuit."""
    lines = [
        f"{len(circuit.gates)} {circuit.num_wires}",
        _numbers(len(circuit.input_widths), *circuit.input_widths),
        _numbers(len(circuit.output_widths), *circuit.output_widths),
        "",
    ]
    lines += [f"{_numbers(len(inputs), 1, *inputs, output)} {kind.value}" for kind, inputs, output in circuit.gates]
    lines += [f"# {comment}"] if comment else []
    return "\n".join(lines) + "\n"


def parse(text: str) -> Circuit:
    """Reads a circuit; empty lines and comments do not matter.

    Raises:
        ValueError: The text is not a circuit; the message names the line.
    """
    numbered = enumerate(text.splitlines(), start=1)
    lines = [(number, line.split()) for number, line in numbered if line.strip() and not line.startswith("#")]
    if len(lines) < 3:
        raise ValueError("a circuit starts with three lines: gates and wires, inputs, outputs")
    num_gates, num_wires = _header(lines[0], 2)
    widths = [_header(line, None) for line in lines[1:3]]
    for (number, _), (count, *rest) in zip(lines[1:3], widths, strict=True):
        if count != len(rest):
            raise ValueError(f"line {number}: expected {count} widths, found {len(rest)}")
    input_widths, output_widths = (tuple(rest) for _, *rest in widths)
    if len(lines) - 3 != num_gates:
        raise ValueError(f"expected {num_gates} gates, found {len(lines) - 3}")
    if max(sum(input_widths), sum(output_widths)) > num_wires:
        raise ValueError("there are more inputs or outputs than wires")

    is_set = [wire < sum(input_widths) for wire in range(num_wires)]
    gates = []
    for number, words in lines[3:]:
        try:
            gates.append(_gate(words, is_set))
        except ValueError as e:
            raise ValueError(f"line {number}: {e}") from None
    if not all(is_set):
        raise ValueError(f"wire {is_set.index(False)} is never set")
    return Circuit(num_wires, input_widths, output_widths, tuple(gates))


def _numbers(*values: int) -> str:
    return " ".join(map(str, values))


def _header(line: tuple[int, list[str]], length: int | None) -> list[int]:
    number, words = line
    if not all(map(_is_number, words)) or length not in (None, len(words)):
        raise ValueError(f"line {number}: expected {length or 'only'} numbers, found {' '.join(words)!r}")
    return [int(word) for word in words]


def _gate(words: Sequence[str], is_set: list[bool]) -> Gate:
    """Reads one gate and marks its output as set."""
    *front, name = words
    kind = next((kind for kind in GateKind if kind.value == name), None)
    if kind is None:
        raise ValueError(f"there is no gate {name!r}")
    arity = ARITY[kind]
    if len(front) != arity + 3 or not all(map(_is_number, front)) or front[:2] != [str(arity), "1"]:
        raise ValueError(f"expected '{arity} 1', {arity + 1} numbers and {name}, found {' '.join(words)!r}")
    *inputs, output = (int(word) for word in front[2:])
    if kind is GateKind.EQ:
        if inputs[0] > 1:
            raise ValueError(f"a constant is 0 or 1, not {inputs[0]}")
    else:
        for wire in inputs:
            if wire >= len(is_set) or not is_set[wire]:
                raise ValueError(f"wire {wire} is used before it is set")
    if output >= len(is_set) or is_set[output]:
        raise ValueError(f"wire {output} does not exist or is set twice")
    is_set[output] = True
    return Gate(kind, tuple(inputs), output)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal()
