"""What options would make a program fit the ring that does not: only what has been tried is advised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Norms, Options
from ezprivsecfl.compiler.parameter_bounds import Bound, ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program, declarations
from ezprivsecfl.errors import CompileError, PrecisionError
from ezprivsecfl.ir.passes import run_passes
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input

MOST_DOUBLINGS = 10
"""How often a number of sums is doubled."""

DEGREES = (1, 2, 4)
"""How often a parameter may be a factor of what is too large, as far as its bound is tried for that.

Halving the bound makes as many bits of room each time. To go further is no remedy: in the end it is the parameter
itself that needs more bits after the point than there are.
"""


@dataclass(frozen=True)
class Remedy:
    """Other options, and what a user does to get them.

    Args:
        options: The options.
        text: What to do.
    """

    options: Options
    text: str


def compile_or_advise(program: Program, options: Options) -> Compiled:
    """Compiles a program as ``compile_program`` does, but looks for a way out where the ring has no room for it.

    Raises:
        CompileError: As ``compile_program``; a PrecisionError says which options make room, if there are such.
    """
    try:
        return compile_program(program, options)
    except PrecisionError as refused:
        found = [_mildest(program, remedies) for remedies in _remedies(program, options, refused)]
        raise refused.with_advice([one.text for one in found if one is not None]) from None


def _mildest(program: Program, remedies: Sequence[Remedy]) -> Remedy | None:
    """The first of some, each of which goes further than the one before, with which the program can be compiled."""
    furthest = (-(-len(remedies) // degree) - 1 for degree in DEGREES)
    high = next((i for i in dict.fromkeys(furthest) if i >= 0 and _helps(program, remedies[i])), None)
    if high is None:
        return None
    low = 0
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _helps(program, remedies[middle]) else (middle + 1, high)
    return remedies[high]


def _helps(program: Program, remedy: Remedy) -> bool:
    try:
        compile_program(program, remedy.options)
    except CompileError:
        return False
    return True


def _remedies(program: Program, options: Options, refused: PrecisionError) -> Iterator[list[Remedy]]:
    """What could make room, by kind; of each the mildest first."""
    inputs = {op.path: op for op in run_passes(program, declarations(options)).of(Input)}
    for path in refused.widest:
        yield list(_smaller_bounds(options, inputs[path], refused.missing))
        if options.proofs and inputs[path].norm is not None:
            yield list(_smaller_norms(options, inputs[path], refused.missing))
    if options.exact_clients is None:
        yield list(_fewer_clients(options))
    if options.norms.sums is not None:
        yield list(_more_sums(options, options.norms.sums))
    if options.proofs:
        without = replace(options, proofs=False, norm_bounds=NormBounds())
        yield [Remedy(without, "do without proofs (--proofs off)")]


def _smaller_bounds(options: Options, op: Input, most: int) -> Iterator[Remedy]:
    assert op.bound is not None
    for halvings in range(1, most + 1):
        highest = _rounded(op.bound * 0.5**halvings)
        if op.lowest is None or op.lowest <= -highest:
            bound, shown, declared = Bound(highest), f"{highest:g}", f"{highest:g}"
        elif op.lowest < highest:
            bound = Bound(highest, op.lowest)
            shown, declared = f"{op.lowest!r}:{highest:g}", f"({op.lowest!r}, {highest:g})"
        else:
            return
        bounds = ParameterBounds({**options.bounds.by_key, op.path: bound})
        text = (
            f"lower the bound of {op.path} (--bound {op.path}={shown}; in Python: bounds={{{op.path!r}: {declared}}})"
        )
        yield Remedy(replace(options, bounds=bounds), text)


def _smaller_norms(options: Options, op: Input, most: int) -> Iterator[Remedy]:
    assert op.norm is not None
    for halvings in range(1, most + 1):
        norm = _rounded(op.norm * 0.5**halvings)
        norms = NormBounds({**options.norm_bounds.by_key, op.path: norm})
        said = f"--norm-bound {op.path}={norm:g}; in Python: norm_bounds={{{op.path!r}: {norm:g}}}"
        yield Remedy(replace(options, norm_bounds=norms), f"declare a smaller norm ({said})")


def _fewer_clients(options: Options) -> Iterator[Remedy]:
    clients = options.clients
    while clients > options.min_clients:
        clients = max(clients // 2, options.min_clients)
        text = f"have at most {clients} clients in a round (--clients {clients}; in Python: clients={clients})"
        yield Remedy(replace(options, clients=clients), text)


def _more_sums(options: Options, sums: int) -> Iterator[Remedy]:
    for doublings in range(1, MOST_DOUBLINGS + 1):
        more = sums << doublings
        yield Remedy(replace(options, norms=Norms(more)), f"take more sums (--norms sketch:{more})")


def _rounded(number: float) -> float:
    """A number of two digits that people can read and type in."""
    return float(f"{number:.2g}")
