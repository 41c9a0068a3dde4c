"""One kernel for every operation that needs a protocol, and all that there is to know of it in one place."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from mpc_programs import compiled_every_op
from on_duet import as_compiled
from small_programs import weighted_mean

from ezprivsecfl.backends.duet.kernels import Kernel, MemberKernel, kernel_of
from ezprivsecfl.backends.duet.kernels.mask import Mask
from ezprivsecfl.backends.duet.kernels.public_to_yao import PublicToYao
from ezprivsecfl.backends.duet.kernels.to_yao import ToYao
from ezprivsecfl.backends.duet.local import expression
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import UnsupportedError
from ezprivsecfl.ir.mpc import LocalOp, MpcOp, ProtocolOp, io, linear, protocol
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.types import ArithType
from ezprivsecfl.runtime import _duet

COMPILED = compiled_every_op()
KERNELS = sorted(Kernel.REGISTRY)
RESULTS = compile_program(weighted_mean(5), Options(clients=4)).secure
"""Opens results no finer than they show."""


@pytest.fixture(autouse=True)
def _registries(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Kernel, MpcOp):
        monkeypatch.setattr(kind, "REGISTRY", dict(kind.REGISTRY))


def opened_mask() -> Program:
    b = ProgramBuilder("toy", Level.MPC, 4)
    b.add(protocol.Mask, b.add(io.Share, path="x", bound=8.0, type=ArithType(("n",), 8)))
    return b.build()


def test_every_operation_has_one_kernel_or_is_local():
    found = set()
    for program in (COMPILED.secure, RESULTS):
        for op in program.ops:
            kernel = kernel_of(program, op)
            assert (kernel is None) == isinstance(op, LocalOp)
            found |= {kernel.name} if kernel else set()
    assert sorted(found) == KERNELS  # the programs use every one of them


@pytest.mark.parametrize("name", sorted(n for n, kind in MpcOp.REGISTRY.items() if issubclass(kind, ProtocolOp)))
def test_every_protocol_is_carried_out(name):
    assert [kind for kind in Kernel.REGISTRY.values() if kind.operation is MpcOp.REGISTRY[name]]


def test_an_operation_without_a_kernel_is_refused(monkeypatch):
    program = opened_mask()
    monkeypatch.delitem(Kernel.REGISTRY, "mask")
    with pytest.raises(UnsupportedError, match="Duet has no kernel for mask"):
        kernel_of(program, program.ops[-1])


def test_an_operation_with_two_kernels_is_refused():
    program = opened_mask()
    type("Other", (Mask,), {}, named="other_mask")
    with pytest.raises(TypeError, match=r"mask is taken by several kernels: mask, other_mask"):
        kernel_of(program, program.ops[-1])


def test_operations_say_whether_they_are_local():
    for bases in ((MpcOp,), (LocalOp, ProtocolOp)):
        with pytest.raises(TypeError, match="Toy must be either a LocalOp or a ProtocolOp"):
            type("Toy", bases, {"__module__": __name__}, name="toy")
    assert "toy" not in MpcOp.REGISTRY


@pytest.mark.parametrize("operation", [{}, {"operation": linear.Add}])
def test_kernels_name_an_operation_that_needs_one(operation):
    with pytest.raises(TypeError, match="Toy must name its operation, one that needs a protocol"):
        type("Toy", (Kernel,), operation, named="toy")
    assert "toy" not in Kernel.REGISTRY


def test_names_of_kernels_are_unique():
    with pytest.raises(TypeError, match="Toy: there is a kernel 'mask' already"):
        type("Toy", (Kernel,), {"operation": protocol.Mask}, named="mask")
    assert Kernel.REGISTRY["mask"] is Mask


def test_local_operations_that_the_engine_does_not_compute_are_refused():
    class Toy(LocalOp, name="toy"):
        exact = LocalOp.evaluated

        def infer(self):
            return (self.operands[0].type,)

    program = opened_mask()
    shared = program.ops[0].result
    with pytest.raises(UnsupportedError, match="servers do not compute toy by themselves"):
        expression(program, Toy(operands=(shared,)), {shared: "v0"})


def test_only_results_are_opened_coarsely():
    b = ProgramBuilder("coarse", Level.MPC, 4)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType((), 8))
    b.append(protocol.CheckZero(operands=(b.add(protocol.Open, x, significant=24),), what="division"))
    with pytest.raises(UnsupportedError, match="open_top is for the program's results only"):
        emitted(b.build())


@pytest.mark.parametrize("program", [COMPILED.secure, RESULTS], ids=lambda p: p.name)
def test_steps_are_the_messages_that_are_declared(program):
    """A step may be several messages, as one per ciphertext, but is always some."""
    for op in program.ops:
        kernel = kernel_of(program, op)
        if kernel is None:
            continue
        declared = kernel.cost(4).online
        for party in (0, 1):
            steps = [step for step in kernel.steps if party in step.senders]
            assert declared.messages[party] >= len(steps), op.name
            assert bool(declared.messages[party]) == bool(steps), op.name


def test_the_evaluator_asks_for_labels_and_the_garbler_answers():
    assert [(step.name, step.senders) for step in ToYao.steps] == [("masked", (1,)), ("labels", (0,))]
    assert [step.senders for step in PublicToYao.steps] == [(0,)]


@pytest.mark.parametrize("name", KERNELS)
def test_members_are_classes_of_the_engine(name):
    kind = Kernel.REGISTRY[name]
    if issubclass(kind, MemberKernel):
        text = (Path(_duet.include_dir()) / "duet" / f"{name}.h").read_text()
        assert re.search(rf"^class {kind.__name__} .*{{$", text, re.MULTILINE)


def test_only_headers_that_are_needed_are_included():
    members = [kind for kind in Kernel.REGISTRY.values() if issubclass(kind, MemberKernel)]
    everything = {header for kind in members for header in (f"duet/{kind.name}.h", *kind.more_headers)}
    everything |= {f"duet/{name}.h" for name in ("agreement", "boolean", "linear", "opening", "program", "sketch")}
    assert included(emitted(COMPILED.secure)) == sorted(everything)
    b = ProgramBuilder("sum", Level.MPC, 4)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType((), 8))
    b.append(io.Output(operands=(b.add(protocol.Open, x),), path="y"))
    assert included(emitted(b.build())) == ["duet/opening.h", "duet/program.h"]


def emitted(secure: Program) -> str:
    return as_compiled(replace(COMPILED, secure=secure)).sources()["program.cpp"]


def included(text: str) -> list[str]:
    return re.findall(r'^#include "(.*)"$', text, flags=re.MULTILINE)
