"""What every emitted source tree has: manifest, clear parts, circuits."""

from __future__ import annotations

from pathlib import Path

from ezprivsecfl.backends.cpp import circuit_files, plain
from ezprivsecfl.compiler.choices import DROP
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.ir.circuits import bristol
from ezprivsecfl.ir.images import Image
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.mpc.results import significant_bits
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input, Placement
from ezprivsecfl.ir.text import print_program
from ezprivsecfl.ir.types import DType, RingType
from ezprivsecfl.runtime.manifest import (
    MANIFEST,
    Check,
    Manifest,
    OpenedValue,
    PrivateValue,
    Proof,
    PublicValue,
    ServerInput,
    SharedInput,
)
from ezprivsecfl.runtime.proofs import RING_BITS

SECURE = "secure.ir"
"""The program on shares in the back end's own operations: what really runs, long constants left out."""


def common_tree(compiled: Compiled, program: Program, backend: str) -> dict[str, str]:
    """The files that are the same for all back ends: path to text.

    Args:
        compiled: The program.
        program: Its secure part as the back end computes it.
        backend: The back end's name.
    """
    files = circuit_files(program)
    return {
        MANIFEST: manifest(compiled, program, backend).text,
        "prologue.ir": print_program(compiled.prologue),
        SECURE: print_program(program, elide=True),
        "epilogue.ir": print_program(compiled.epilogue),
        **{f"{owner}.ir": print_program(part) for owner, part in compiled.owned.items()},
        **{f"circuits/{files[name]}": bristol.write(c, _use(program, name)) for name, c in program.circuits.items()},
    }


def _use(program: Program, circuit: str) -> str:
    """For people who read a circuit's file: where it is used, and the formats of its inputs and outputs."""
    op = next(op for op in program.of(protocol.Circuit) if op.circuit == circuit)
    taken, given = (", ".join(str(v.type.format) for v in values) for values in (op.operands, op.results))  # type: ignore[attr-defined]
    place = f", at {Path(op.location.file).name}:{op.location.line}" if op.location.line else ""
    return plain(f"{circuit}{place}: {taken} -> {given} (fixed 52 50 has 52 bits, 50 of them fractional)")


def manifest(compiled: Compiled, program: Program, backend: str) -> Manifest:
    """What the runtime must know: see ``common_tree``."""
    shares = program.of(io.Share)
    inputs = {op.path: op for op in compiled.optimised.of(Input)}
    parameters = compiled.tensor.of(Input)
    return Manifest(
        name=compiled.name,
        backend=backend,
        max_clients=compiled.options.clients,
        exact_clients=compiled.options.exact_clients,
        min_clients=compiled.options.min_clients,
        drop_bad_clients=compiled.options.on_bad_client == DROP,
        shares=tuple(_shared(op, inputs[op.path], proofs=compiled.options.proofs) for op in shares),
        server=tuple(
            ServerInput(op.path, op.type.shape, op.owner) for op in parameters if op.placement is Placement.SERVER
        ),
        publics=tuple(
            PublicValue(op.path, op.type.shape, op.type.frac, op.bound, op.least, str(op.location))
            for op in program.of(io.Public)
        ),
        outputs=tuple(OpenedValue(op.path, _frac(op), op.hidden, significant_bits(op)) for op in program.of(io.Output)),
        checks=tuple(
            Check(op.what, str(op.location), isinstance(op, protocol.CheckClients)) for op in program.of(protocol.Check)
        ),
        share_bits=compiled.options.share_bits if compiled.options.proofs else RING_BITS,
        products=tuple(op.product for op in program.of(io.ProvedProduct)),
        private=tuple(_private(op, inputs[op.path], proofs=compiled.options.proofs) for op in program.of(io.Private)),
    )


def _shared(op: io.Share, given: Input, *, proofs: bool) -> SharedInput:
    """A parameter, and what clients prove of it; ``given``: as it is on the tensor level."""
    binary = given.type.dtype is DType.BOOL
    if not proofs:
        proof = Proof.NONE
    elif op.image is Image.DIRECTION:
        proof = Proof.UNIT
    elif op.image is Image.CLIPPED:
        proof = Proof.CLIPPED
    elif binary:
        proof = Proof.ONE_HOT if given.one_hot else Proof.BITS
    else:
        proof = Proof.ENTRIES if op.norm is None else Proof.NORM
    image = op.vector, op.image
    return SharedInput(
        op.path, op.type.shape, op.type.frac, op.bound, op.lowest, proof, op.norm, *image, binary, given.one_hot
    )


def _private(op: io.Private, given: Input, *, proofs: bool) -> PrivateValue:
    """What an owner shares, and what of it a third party proves; servers, who are semi-honest, prove nothing."""
    if not proofs or op.owner is not Owner.THIRD_PARTY:
        proof = Proof.NONE
    elif given.type.dtype is DType.BOOL:
        proof = Proof.BITS
    else:
        proof = Proof.ENTRIES if op.norm is None else Proof.NORM
    return PrivateValue(
        *(op.path, op.owner, op.type.shape, op.type.frac, op.bound, op.lowest, op.norm, proof, str(op.location))
    )


def _frac(output: io.Output) -> int:
    (opened,) = output.operands
    assert isinstance(opened.type, RingType)
    return opened.type.frac
