"""Kernels that are classes of the engine: the emitted program has one as a member for every operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ezprivsecfl.backends.cpp import comment
from ezprivsecfl.backends.duet.kernels.base import Kernel
from ezprivsecfl.backends.duet.schedule import Exchange
from ezprivsecfl.ir.op import Value
from ezprivsecfl.ir.program import AnyOp
from ezprivsecfl.ir.types import BooleanType, MaskedType, YaoType


@dataclass(frozen=True)
class Scope:
    """What the lines of a kernel refer to.

    Args:
        member: The kernel's member of the emitted class.
        values: The online phase's variables.
        setup_value: Gives what stands for a masked or garbled value in the setup phase: its mask, or its zero labels.
        circuits: The circuits' files, by name.
    """

    member: str
    values: Mapping[Value, str]
    setup_value: Callable[[Value], str]
    circuits: Mapping[str, str]


class MemberKernel(Kernel[AnyOp]):
    """A kernel that is a class of the engine, which is called as this one is.

    The engine's class has ``setup(session, ...)`` and either, for every step, ``send_<step>(session, ...)`` and
    ``receive_<step>(session)``, of which the first takes the operands and the last gives the result, or, if there are
    no steps, ``online(session, ...)``.

    The engine declares the class in a header file of the kernel's name.

    Attributes:
        member: What members are called, with a number behind.
        more_headers: Other header files of the engine that its lines need.
    """

    member: ClassVar[str]
    more_headers: ClassVar[tuple[str, ...]] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """The engine's header files that its lines need."""
        return (f"duet/{self.name}.h", *self.more_headers)

    @property
    def initializer(self) -> str:
        """What members are initialized with, in braces; empty if with nothing."""
        return ""

    def declaration(self, member: str) -> str:
        """The member's declaration."""
        return f"{type(self).__name__} {member}{self.initializer};"

    def setup_arguments(self, scope: Scope) -> Sequence[str]:
        """What its setup takes besides the session; nothing if it has no setup."""
        return ()

    def setup_result(self, member: str, index: int) -> str:
        """What stands for one of its results in the setup phase, where those are masked or garbled."""
        raise NotImplementedError(f"{type(self).__name__} gives nothing that is masked or garbled")

    def setup(self, scope: Scope) -> list[str]:
        """Its part of the setup phase."""
        arguments = self.setup_arguments(scope)
        return [*comment(self.op), f"{scope.member}.setup({', '.join(['s', *arguments])});"] if arguments else []

    def send(self, scope: Scope, exchange: Exchange) -> list[str]:
        """Sends what a step sends."""
        operands = [scope.values[o] for o in self.op.operands] if exchange.number == 0 else []
        return [*comment(self.op), f"{scope.member}.{_method('send', exchange)}({', '.join(['s', *operands])});"]

    def receive(self, scope: Scope, exchange: Exchange) -> list[str]:
        """Receives what a step sends; after the last, the results are there."""
        call = f"{scope.member}.{_method('receive', exchange)}(s)"
        return self.results(scope, call) if exchange.last else [f"{call};"]

    def online(self, scope: Scope) -> list[str]:
        """Its part of the online phase, if that has no steps."""
        operands = [scope.values[o] for o in self.op.operands]
        return [*comment(self.op), *self.results(scope, f"{scope.member}.online({', '.join(['s', *operands])})")]

    def results(self, scope: Scope, expression: str) -> list[str]:
        """Defines the results."""
        return [f"const {value_type(self.op.result)} {scope.values[self.op.result]} = {expression};"]


def value_type(value: Value) -> str:
    """The C++ type of a value in the online phase."""
    match value.type:
        case MaskedType():
            return "Masked"
        case YaoType():
            return "GarbledTensor"
        case BooleanType():
            return "BooleanTensor"
    return "Tensor<Ring>"


def _method(verb: str, exchange: Exchange) -> str:
    return f"{verb}_{exchange.step.name}" if exchange.step.name else verb
