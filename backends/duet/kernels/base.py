"""What every kernel says of itself: which operations it carries out, with what sizes, in which messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic

from ezprivsecfl.backends.duet.declared import DeclaredCost, declared
from ezprivsecfl.backends.duet.schedule import Step
from ezprivsecfl.ir.mpc.base import ProtocolOp
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import AnyOp, Program


@dataclass(frozen=True, eq=False)
class Kernel(ABC, Generic[AnyOp]):
    """An operation as a kernel of the engine carries it out.

    A subclass ``class Coins(Kernel[sketch.Coins], named="coins")`` is registered; its name is the one under which the
    engine declares its cost. Subclasses without a name are bases.

    Args:
        op: The operation.
        program: The program that it is in.

    Attributes:
        name: The engine's name of the kernel.
        operation: The class of the operations that it carries out, or some of them (see ``takes``).
    """

    REGISTRY: ClassVar[dict[str, type[Kernel[Any]]]] = {}
    name: ClassVar[str] = ""
    operation: ClassVar[type[Op]]

    op: AnyOp
    program: Program

    def __init_subclass__(cls, named: str = "") -> None:  # ``name`` is taken by ABCMeta in Python 3.10
        super().__init_subclass__()
        cls.name = named
        if not named:
            return
        if named in Kernel.REGISTRY:
            raise TypeError(f"{cls.__name__}: there is a kernel {named!r} already")
        if not issubclass(getattr(cls, "operation", Op), ProtocolOp):
            raise TypeError(f"{cls.__name__} must name its operation, one that needs a protocol")
        Kernel.REGISTRY[named] = cls

    @classmethod
    def takes(cls, op: Op) -> bool:
        """Whether it carries out this operation; exactly one kernel does, of all that have its class."""
        return isinstance(op, cls.operation)

    @property
    def steps(self) -> Sequence[Step]:
        """Its online messages, in order; empty if all that it sends is sent in the setup phase."""
        return ()

    @abstractmethod
    def sizes(self, clients: int) -> dict[str, int]:
        """What its cost grows with, in a round of so many clients, as the engine names it."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What else its cost depends on, as the engine names it."""
        return {}

    @property
    def on_shares(self) -> type[Kernel[Any]] | None:
        """For a kernel on masked values, the one that does the same on additive shares as they are; None if none does.

        It takes the same operands, or the first of them alone.
        """
        return None

    def cost(self, clients: int) -> DeclaredCost:
        """What the engine declares for a round of so many clients."""
        return declared(self.name, **self.sizes(clients), **self.settings)
