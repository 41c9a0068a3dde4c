"""What a report states of a compiled program, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ezprivsecfl.backends.base import Lowered
from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.analyses.leakage import Leakage, leakage
from ezprivsecfl.compiler.analyses.noise import Noise, noise_of, opened_without_noise
from ezprivsecfl.compiler.choices import FIXED
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import Bound
from ezprivsecfl.compiler.passes.relu import approximations
from ezprivsecfl.compiler.passes.simplify import Simplify
from ezprivsecfl.errors import Location
from ezprivsecfl.ir.dependences import results_by_input
from ezprivsecfl.ir.images import Image
from ezprivsecfl.ir.mpc import io, protocol, sketch
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Output, Placement
from ezprivsecfl.ir.types import BooleanType, Dim, DType, TensorType, Type
from ezprivsecfl.report.proofs import Proof, proofs_of, third_party_proofs
from ezprivsecfl.runtime.proofs import ProofPlan, plan_of


@dataclass(frozen=True)
class Tensor:
    """A parameter or a result.

    Args:
        path: Its name, and that of a part of it.
        type: Of CLIENTS-placed ones with the axis of the clients.
    """

    path: str
    type: TensorType


@dataclass(frozen=True)
class Format:
    """How a parameter is encoded.

    Args:
        path: The parameter, or what the owner of private ones shares.
        shape: Of all clients' values together.
        bound: Of its entries.
        fractional_bits: Of the fixed-point encoding.
    """

    path: str
    shape: tuple[Dim, ...]
    bound: Bound
    fractional_bits: int


@dataclass(frozen=True)
class SketchedNorms:
    """Squared norms that are estimated.

    Args:
        location: The operation.
        shape: Of the vectors; the last axis is summed over.
        sums: That each vector is sketched to.
    """

    location: Location
    shape: tuple[Dim, ...]
    sums: int


@dataclass(frozen=True)
class Polynomial:
    """A polynomial that replaces a ReLU.

    Args:
        location: Of the ReLU.
        degree: Of the polynomial.
        bound: It approximates on [-bound, bound].
        error: The largest there.
    """

    location: Location
    degree: int
    bound: float
    error: float


@dataclass(frozen=True)
class CircuitUse:
    """A place where a Boolean circuit is evaluated, once per element.

    Args:
        name: Of the circuit.
        and_gates: Of one evaluation.
        depth: In layers of AND gates.
        shape: Of the values.
        garbled: Whether it is garbled; else it is evaluated on Boolean shares.
    """

    name: str
    and_gates: int
    depth: int
    shape: tuple[Dim, ...]
    garbled: bool


@dataclass(frozen=True)
class Facts:
    """What a report states.

    Args:
        name: Of the program.
        options: What it was compiled with.
        inputs_of_clients: CLIENTS-placed parameters.
        inputs_of_server: SERVER-placed parameters.
        results: What the program returns.
        tensor_operations: How many the program has after all passes.
        secure_operations: How many it has on shares, wires and public values.
        leakage: Who learns what.
        classified: Parameters of which clients declare a magnitude class.
        formats: Of the parameters that are shared.
        proofs: What clients prove of them.
        plan: The same, as it is uploaded and checked.
        third_party_proofs: What a third party proves of what it shares of the server's private inputs.
        third_party: The same, as it is uploaded and checked; None if there is no such party.
        sketches: Norms that are estimated.
        polynomials: ReLUs that are approximated.
        noise: What noise is added.
        without_noise: What is opened without: the results that show it, or for a bit the operation that it is about.
        circuits: Where circuits are evaluated.
        traffic: In words, what a round sends.
        boundary: In words, what runs in the clear before, and what is uploaded; empty if that is not known.
        of_initial_state: Whether all this is of a round with a process's first state.
    """

    name: str
    options: Options
    inputs_of_clients: Sequence[Tensor]
    inputs_of_server: Sequence[Tensor]
    results: Sequence[Tensor]
    tensor_operations: int
    secure_operations: int
    leakage: Leakage
    classified: Sequence[str]
    formats: Sequence[Format]
    proofs: Sequence[Proof]
    plan: ProofPlan
    sketches: Sequence[SketchedNorms]
    polynomials: Sequence[Polynomial]
    noise: Sequence[Noise]
    without_noise: Sequence[str]
    circuits: Sequence[CircuitUse]
    traffic: Sequence[str]
    third_party_proofs: Sequence[Proof] = ()
    third_party: ProofPlan | None = None
    boundary: Sequence[str] = ()
    of_initial_state: bool = False


def facts_of(lowered: Lowered, boundary: Sequence[str] = (), *, of_initial_state: bool = False) -> Facts:
    """Collects the facts.

    Args:
        lowered: The program as its back end computes it: that decides where circuits are evaluated, and what is sent.
        boundary: What runs in the clear before, in words.
        of_initial_state: Whether it was compiled for a process's first state.
    """
    compiled = lowered.compiled
    known = manifest(compiled, lowered.secure, "")
    shared: list[io.Share | io.Private] = [*compiled.secure.of(io.Share), *compiled.secure.of(io.Private)]
    inputs = compiled.tensor.of(Input)
    at_clients = [op for op in inputs if op.placement is Placement.CLIENTS]
    units = {op.path for op in compiled.secure.of(io.Share) if op.image is Image.DIRECTION}
    numbers = [op for op in at_clients if op.type.dtype is not DType.BOOL and op.path not in units]
    return Facts(
        name=compiled.name,
        options=compiled.options,
        inputs_of_clients=[Tensor(op.path, op.type) for op in at_clients],
        inputs_of_server=[Tensor(op.path, op.type) for op in inputs if op.placement is Placement.SERVER],
        results=[Tensor(op.path, _tensor(op.operands[0].type)) for op in compiled.tensor.of(Output)],
        tensor_operations=len(compiled.optimised.ops),
        secure_operations=len(compiled.secure.ops),
        leakage=leakage(compiled),
        classified=[] if compiled.options.scale == FIXED else [op.path for op in numbers],
        formats=[Format(_name(op), op.type.shape, Bound(op.bound, op.lowest), op.type.frac) for op in shared],
        proofs=proofs_of(compiled),
        plan=plan_of(known),
        third_party_proofs=third_party_proofs(compiled),
        third_party=None if known.third_party is None else plan_of(known.third_party),
        sketches=[
            SketchedNorms(op.location, op.operands[0].type.shape, op.sums) for op in compiled.secure.of(sketch.Sketch)
        ],
        polynomials=_polynomials(compiled),
        noise=noise_of(compiled),
        without_noise=_without_noise(compiled),
        circuits=_circuits(lowered.secure),
        traffic=lowered.traffic(),
        boundary=boundary,
        of_initial_state=of_initial_state,
    )


def _name(op: io.Share | io.Private) -> str:
    """A parameter, or what an owner computes of such."""
    if isinstance(op, io.Share) or not op.location.line:
        return op.path
    return f"{op.path} ({op.location})"


def _tensor(type_: Type) -> TensorType:
    assert isinstance(type_, TensorType)
    return type_


def _polynomials(compiled: Compiled) -> list[Polynomial]:
    degree = compiled.options.relu.degree
    if degree is None:
        return []
    found = approximations(Simplify().run(compiled.tensor), degree, compiled.options.norms)
    return [Polynomial(where, degree, bound, error) for where, bound, error in found]


def _without_noise(compiled: Compiled) -> list[str]:
    results = results_by_input(compiled.epilogue)
    found = opened_without_noise(compiled.secure)
    return [
        *(path for op in found if isinstance(op, io.Output) for path in results[op.path]),
        *(f"whether {op.what} is finite" for op in found if isinstance(op, protocol.Check)),
    ]


def _circuits(secure: Program) -> list[CircuitUse]:
    uses = []
    for op in secure.of(protocol.Circuit):
        circuit, type_ = secure.circuits[op.circuit], op.operands[0].type
        garbled = not isinstance(type_, BooleanType)
        uses.append(CircuitUse(op.circuit, circuit.and_count, circuit.depth, type_.shape, garbled))
    return uses
