"""From a traced tensor program to the three parts that run: prologue, secure part, epilogue."""

from __future__ import annotations

from ezprivsecfl.compiler.analyses.ranges import LEAST, RATIO, SMALL, Ranges
from ezprivsecfl.compiler.analyses.stages import Stages, check_exponents, divide
from ezprivsecfl.compiler.choices import EACH, MIN_CLIENTS
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.lowering.domains import COMFORTABLE_BITS, FEWEST_BITS, INPUT_BITS, Domains
from ezprivsecfl.compiler.lowering.lower import Lowered, lower
from ezprivsecfl.compiler.lowering.scales import Scales, SmallProduct
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.owned import take_out
from ezprivsecfl.compiler.passes.binary import DeclareBinary
from ezprivsecfl.compiler.passes.blend import BlendSelections
from ezprivsecfl.compiler.passes.bounds import DeclareBounds
from ezprivsecfl.compiler.passes.clipped_vectors import ShareClippedVectors
from ezprivsecfl.compiler.passes.factor import FactorScales
from ezprivsecfl.compiler.passes.idle_clamps import DropIdleClamps
from ezprivsecfl.compiler.passes.inverses import DivideByRoots
from ezprivsecfl.compiler.passes.late_opening import GatePublicFactors
from ezprivsecfl.compiler.passes.networks import SortByNetworks
from ezprivsecfl.compiler.passes.noise import AddNoise
from ezprivsecfl.compiler.passes.numerators import CompareNumerators
from ezprivsecfl.compiler.passes.public_factors import NormaliseFactors
from ezprivsecfl.compiler.passes.quotients import RoundQuotients
from ezprivsecfl.compiler.passes.ranks import SelectRanks
from ezprivsecfl.compiler.passes.relu import ApproximateRelu
from ezprivsecfl.compiler.passes.simplify import Simplify
from ezprivsecfl.compiler.passes.span import ProductsInSpan
from ezprivsecfl.compiler.passes.trees import ReduceByTrees
from ezprivsecfl.compiler.passes.unit_vectors import ShareUnitVectors
from ezprivsecfl.errors import CompileError, PrecisionError
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.passes import Pass, run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.verifier import verify

ATTEMPTS = (
    (COMFORTABLE_BITS, RATIO, LEAST),
    (COMFORTABLE_BITS, 2.0**15, LEAST),
    (COMFORTABLE_BITS, 2.0**10, LEAST),
    (INPUT_BITS, RATIO, LEAST),
    (COMFORTABLE_BITS - 2, 2.0**10, LEAST),
    (INPUT_BITS, 2.0**10, LEAST),
    (INPUT_BITS, RATIO, 0.0),
    (INPUT_BITS, 2.0**15, 0.0),
    (INPUT_BITS, 2.0**10, 0.0),
    (FEWEST_BITS, RATIO, LEAST),
    (FEWEST_BITS, 2.0**10, 0.0),
)
"""Significant bits of inputs, and how far working ranges reach (``ratio`` and ``least`` of ``Ranges``).

Where the ring has no room for all, precise inputs come before wide working ranges: a value beyond its working range is
an error or drops its client, and is named, but of what an input loses there is only a warning. The narrowest working
ranges are tried for a few places fewer first: they may have room for these.
"""


def tensor_passes(options: Options) -> list[Pass]:
    """The passes of the tensor level, in order."""
    images: list[Pass] = [ShareUnitVectors(), ShareClippedVectors(options.norms), Simplify()] if options.proofs else []
    return [
        Simplify(),
        CompareNumerators(),
        RoundQuotients(),
        AddNoise(full=options.noise == EACH),
        DropIdleClamps(),
        ApproximateRelu(options.relu.degree, options.norms),
        ReduceByTrees(),
        SelectRanks(),
        SortByNetworks(),
        FactorScales(),
        Simplify(),
        ProductsInSpan(),
        BlendSelections(),
        Simplify(),
        NormaliseFactors(),
        GatePublicFactors(),
        Simplify(),
        *images,
        DivideByRoots(SMALL),
    ]


def all_passes(options: Options) -> list[Pass]:
    """What a traced program goes through before it is divided, in order."""
    return [*declarations(options), *tensor_passes(options)]


def declarations(options: Options) -> list[Pass]:
    """The passes that write down what is declared of parameters, in order."""
    return [DeclareBinary(options.binary), DeclareBounds(options.most_clients, options.bounds, options.proved_norms)]


def compile_program(program: Program, options: Options) -> Compiled:
    """Compiles a traced tensor program.

    Raises:
        CompileError: The program cannot be computed securely; the message names operations and source lines.
    """
    if not MIN_CLIENTS <= options.min_clients <= options.clients:
        raise CompileError(
            f"min_clients must be at least {MIN_CLIENTS} and at most the largest number of clients, {options.clients}, "
            f"not {options.min_clients}"
        )
    options.server_inputs.check(program)
    bounded = run_passes(program, declarations(options))
    owned = take_out(run_passes(bounded, tensor_passes(options)), options)
    optimised = owned.rest
    verify(optimised)
    stages = divide(optimised)
    if not stages.opened:
        raise CompileError(f"no result of {program.name} depends on a CLIENTS-placed value: TFF itself can compute it")
    ranges = Ranges(optimised, options.norms)
    check_exponents(stages, ranges)
    lowered = _lowered(stages, optimised, ranges)
    secure = lowered.program
    verify(secure)
    prologue, epilogue = stages.prologue_program(lowered.publics), stages.epilogue_program()
    return Compiled(
        *(program.name, bounded, optimised, prologue, secure, epilogue, options),
        *(owned.parts, lowered.holders, lowered.lost),
    )


def _lowered(stages: Stages, program: Program, ranges: Ranges) -> Lowered:
    """The secure part on the mpc level, as the first of the attempts that the ring has room for.

    Args:
        stages: The divided program.
        program: The whole program.
        ranges: Its ranges with the widest working ranges.
    """
    found = {(ranges.ratio, ranges.least): ranges}
    for significant, ratio, least in ATTEMPTS:
        if (ratio, least) not in found:
            found[ratio, least] = Ranges(program, ranges.norms, ratio, least)
        try:
            return _with_ranges(stages, found[ratio, least], significant)
        except PrecisionError as error:
            refused = error
    raise refused


def _with_ranges(stages: Stages, ranges: Ranges, significant: int) -> Lowered:
    """The same for given ranges; small products that do not fit the ring move into circuits, one by one."""
    in_circuits: set[Op] = set()
    while True:
        domains = Domains(stages.secure, ranges, in_circuits)
        try:
            return lower(stages, domains, Scales(stages, domains, ranges, significant))
        except SmallProduct as small:
            in_circuits.add(small.op)
