"""What a user can choose when a program is compiled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ezprivsecfl.compiler.accounting import Accounting
from ezprivsecfl.compiler.binary_parameters import BinaryParameters
from ezprivsecfl.compiler.by_parameter import ByParameter
from ezprivsecfl.compiler.choices import (
    BY_ROUND,
    DEFAULT_CLIENTS,
    DROP,
    EACH,
    MIN_CLIENTS,
    NOISE,
    ON_BAD_CLIENT,
    SCALES,
    SHARE_WIDTHS,
)
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.server_inputs import ServerInputs
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.widths import SHARE_BITS

CLASS_FACTOR = 16.0
"""Ratio of neighbouring classes of magnitudes that the clients of a round declare.

What the servers learn is coarse, and rounds of a training run share few variants.
"""


@dataclass(frozen=True)
class Relu:
    """How ReLU of secret values is computed.

    Args:
        degree: Of the minimax polynomial that replaces it: 2, 4, 6 or 8. None: exactly, by a comparison.
    """

    degree: int | None = None


@dataclass(frozen=True)
class Norms:
    """How sums of squares of secret vectors are computed.

    Args:
        sums: Vectors with more entries are sketched to this many sums; None: none are.
    """

    sums: int | None = None


@dataclass(frozen=True)
class Options:
    """Compilation options.

    Args:
        clients: The largest number of clients a round may have (at least 2).
        exact_clients: The only number of clients that a round's results may be of, since the program was traced for
            that; None: any.
        relu: ReLU exactly, or as a polynomial.
        norms: Sums of squares exactly, or sketched.
        bounds: Declared bounds of parameters.
        scale: What formats follow: ``declared``, the magnitudes that the clients of a round declare (classes of a
            factor of 16, up to the bounds); ``fixed``, the bounds alone.
        on_bad_client: What happens about a client whose upload or values cannot be used: ``drop`` leaves it out of
            the round and names it, ``fail`` ends the round.
        min_clients: The smallest number of clients a round may have (at least 2). A server that colludes with all
            clients of a round but one learns what that one's value adds to the result.
        noise: How large each server's part of noise is: ``each``, as large as the program says, so that it is enough
            for a server that knows its own part, and what is opened has √2 times as much; ``joint``, 1/√2 of it, so
            that both parts together are what the program says, for those who know neither.
        accounting: What the report computes epsilon for; None: it does not.
        proofs: Whether clients prove to the servers that their values are within bounds; else they only say so.
        share_bits: Of the shares of clients' values, where clients prove something: 80, or more where these are so
            large that 80 tell too much; or exactly 64 or 72, which tell more (the report says how much).
        norm_bounds: Declared L2 norms of one client's entries of parameters, where that is what clients prove.
        binary: Parameters whose entries are 0 or 1, or one-hot vectors.
        server_inputs: Parameters of the server that are private, and who knows them.

    Raises:
        CompileError: There is no such choice.
    """

    clients: int = DEFAULT_CLIENTS
    relu: Relu = field(default_factory=Relu)
    norms: Norms = field(default_factory=Norms)
    bounds: ParameterBounds = field(default_factory=ParameterBounds)
    scale: str = BY_ROUND
    on_bad_client: str = DROP
    min_clients: int = MIN_CLIENTS
    noise: str = EACH
    accounting: Accounting | None = None
    proofs: bool = True
    share_bits: int = SHARE_BITS
    norm_bounds: NormBounds = field(default_factory=NormBounds)
    exact_clients: int | None = None
    binary: BinaryParameters = field(default_factory=BinaryParameters)
    server_inputs: ServerInputs = field(default_factory=ServerInputs)

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise CompileError(f"scale={self.scale!r}: choose from {', '.join(SCALES)}")
        if self.on_bad_client not in ON_BAD_CLIENT:
            raise CompileError(f"on_bad_client={self.on_bad_client!r}: choose from {', '.join(ON_BAD_CLIENT)}")
        if self.noise not in NOISE:
            raise CompileError(f"noise={self.noise!r}: choose from {', '.join(NOISE)}")
        if self.share_bits not in SHARE_WIDTHS:
            raise CompileError(f"share_bits={self.share_bits}: choose from {', '.join(map(str, SHARE_WIDTHS))}")
        if self.norm_bounds.by_key and not self.proofs:
            raise CompileError("a norm bound (--norm-bound) needs proofs: with --proofs off nobody enforces it")

    def fitting(self, program: Program) -> Options:
        """The same with what is declared of parameters that a program has, and of no others."""
        return replace(
            self,
            bounds=self.bounds.fitting(program),
            norm_bounds=self.norm_bounds.fitting(program),
            binary=self.binary.fitting(program),
            server_inputs=self.server_inputs.fitting(program),
        )

    @property
    def declared(self) -> tuple[ByParameter[Any], ...]:
        """All that is declared of parameters."""
        return self.bounds, self.norm_bounds, self.binary, self.server_inputs

    @property
    def most_clients(self) -> int:
        """The largest number of clients that a round's results are of."""
        return self.clients if self.exact_clients is None else self.exact_clients

    @property
    def proved_norms(self) -> NormBounds | None:
        """The norms that clients prove; None if they prove nothing."""
        return self.norm_bounds if self.proofs else None
