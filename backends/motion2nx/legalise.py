"""Turns an mpc program into one that has only what the target has (see ``description.py``)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ezprivsecfl.backends.motion2nx.description import GATES, NATIVE, RING_BITS
from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.circuit import Circuit, Gate, GateKind
from ezprivsecfl.ir.mpc import io, linear, noise, protocol, sketch
from ezprivsecfl.ir.mpc.shares import Gemm, SquareSumOfShares
from ezprivsecfl.ir.op import Op, Value
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.rewrite import Rewriter, rewrite
from ezprivsecfl.ir.types import ArithType, FixedFormat, RingType


@dataclass(frozen=True)
class Legalise:
    """Rewrites what the framework has not, or computes wrongly, to what it has.

    Products of shares as they are become products of masked values. Public values enter circuits as one server's share.
    Truncation is exact: the low wires of a garbled value are left out. Circuits are rewritten to XOR, AND and INV.

    Example::

        program @legal (clients <= 4) mpc {
          %0 = share {path = "x", bound = 8.0, type = arith<31>[n, 3]}
          %1 = mask %0 : masked<31>[n, 3]
          %2 = square_sum %1 : arith<62>[n]
          %3 = truncate %2 {bits = 62} : arith<0>[n]
          %4 = sum %3 {axes = [0]} : arith<0>[]
          %5 = open %4 : ring<0>[]
          output %5 {path = "squares"}
        }

    becomes::

        program @legal (clients <= 4) mpc {
          %0 = share {path = "x", bound = 8.0, type = arith<31>[n, 3]}
          %1 = mask %0 : masked<31>[n, 3]
          %2 = square_sum %1 : arith<62>[n]
          %3 = to_yao %2 {width = 64} : yao<fixed 64 62>[n]
          %4 = circuit %3 {circuit = "drop62", formats = [fixed 2 0]} : yao<fixed 2 0>[n]
          %5 = from_yao %4 : arith<0>[n]
          %6 = sum %5 {axes = [0]} : arith<0>[]
          %7 = open %6 : ring<0>[]
          output %7 {path = "squares"}
        }

        circuit @drop62 '''
        4 68
        1 64
        1 2

        2 1 0 0 64 XOR
        1 1 64 65 INV
        2 1 62 64 66 XOR
        2 1 63 64 67 XOR
        '''
    """

    level = Level.MPC

    def run(self, program: Program) -> Program:
        """Returns the rewritten program.

        Raises:
            UnsupportedError: An operation is unknown to the target; the message names its place.
        """
        circuits = {name: legal_circuit(circuit) for name, circuit in program.circuits.items()}
        return rewrite(replace(program, circuits=circuits), _rewritten)


def _rewritten(b: Rewriter, op: Op, x: tuple[Value, ...]) -> Value | None:
    """The result of an operation that the target has not, or that it computes otherwise."""
    match op:
        case io.Private():
            raise UnsupportedError(
                f"MOTION2NX takes shares of clients' values alone, and {op.path} is a private input of the server "
                "(--server-input). Take the back end duet, or make it public",
                [op.location],
            )
        case Gemm():
            return b.add(protocol.Product, b.add(protocol.Mask, x[0]), b.add(protocol.Mask, x[1]))
        case SquareSumOfShares():
            return b.add(protocol.SquareSum, b.add(protocol.Mask, x[0]))
        case protocol.ToYao() if isinstance(x[0].type, RingType):
            return b.add(protocol.ToYao, b.add(linear.AsShares, x[0]), width=op.width)
        case protocol.Truncate():
            return _truncated(b, op, x[0])
        case sketch.Coins():
            raise UnsupportedError(
                "MOTION2NX cannot sketch norms (--norms sketch:K). Take --norms exact, or the back end duet",
                [op.location],
            )
        case noise.AddNoise():
            raise UnsupportedError(
                "MOTION2NX has no noise: its programs cannot draw what only one server knows. Take the back end duet",
                [op.location],
            )
    if not isinstance(op, NATIVE):
        raise UnsupportedError(f"MOTION2NX cannot compute {op.user_name}", [op.location])
    return None


def _truncated(b: ProgramBuilder, op: protocol.Truncate, value: Value) -> Value:
    """Through a circuit without gates that leaves out the low wires."""
    assert isinstance(op.result.type, ArithType)
    name, kept = f"drop{op.bits}", FixedFormat(RING_BITS - op.bits, op.result.type.frac)
    wires = CircuitBuilder()
    wires.output(wires.input(RING_BITS)[op.bits :])
    b.circuits[name] = legal_circuit(wires.build())
    garbled = b.add(protocol.ToYao, value, width=RING_BITS)
    return b.add(protocol.FromYao, b.add(protocol.Circuit, garbled, circuit=name, formats=(kept,)))


def legal_circuit(circuit: Circuit) -> Circuit:
    """The same function with ``GATES`` only, and with as many AND gates.

    A wire XORed with itself is 0 and its inverse is 1; a copy is a wire XORed with that 0.
    """
    if all(gate.kind in GATES for gate in circuit.gates):
        return circuit
    outputs = sum(circuit.output_widths)
    first_output = circuit.num_wires - outputs
    zero, inverted = first_output, first_output + 1  # two new wires; the outputs stay the last ones

    def renamed(wire: int) -> int:
        return wire if wire < first_output else wire + 2

    gates = [Gate(GateKind.XOR, (0, 0), zero), Gate(GateKind.INV, (zero,), inverted)]
    for kind, inputs, output in circuit.gates:
        match kind:
            case GateKind.EQ:
                gates.append(Gate(GateKind.XOR, (zero, inverted if inputs[0] else zero), renamed(output)))
            case GateKind.EQW:
                gates.append(Gate(GateKind.XOR, (renamed(inputs[0]), zero), renamed(output)))
            case _:
                gates.append(Gate(kind, tuple(renamed(wire) for wire in inputs), renamed(output)))
    return Circuit(circuit.num_wires + 2, circuit.input_widths, circuit.output_widths, tuple(gates))
