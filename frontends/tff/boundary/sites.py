"""What one party computes in the clear, made of the steps that some results need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow_federated as tff
from tensorflow_federated.python.core.impl.compiler import building_blocks as bb
from tensorflow_federated.python.core.impl.computation import computation_impl

from ezprivsecfl.errors import Location
from ezprivsecfl.frontends.tff.boundary.clear_work import Site
from ezprivsecfl.frontends.tff.boundary.steps import Bindings, Step, names_in
from ezprivsecfl.frontends.tff.problems import Problems, Unsupported


def site(
    steps: Sequence[Step],
    results: Sequence[Any],
    parameters: Mapping[str, tuple[str, Any]],
    given: Mapping[str, Any],
    problems: Problems,
) -> Site:
    """What a party computes for some results.

    Args:
        steps: What it can compute; later ones may need earlier ones.
        results: The results, as building blocks.
        parameters: By name the path and the type of a parameter of the program.
        given: By name the type of what else it is given.
        problems: Takes what cannot be computed in the clear.
    """
    wanted = {name for block in results for name in names_in(block)}
    bindings: Bindings = []
    lines: dict[Location, None] = {}
    for step in reversed(steps):
        try:
            made = step.bindings(wanted)
        except Unsupported as e:
            problems.add(step.place, str(e))
            continue
        if made:
            lines.update(dict.fromkeys(step.lines(wanted)))
        wanted |= {name for _, block in made for name in names_in(block)}
        bindings = made + bindings
    own = {name: both for name, both in parameters.items() if name in wanted}
    types = {name: type_ for name, (_, type_) in own.items()}
    types |= {name: type_ for name, type_ in given.items() if name in wanted}
    return Site(
        names=frozenset(wanted),
        parameters=tuple(path for path, _ in own.values()),
        computation=_computation(types, bindings, results),
        lines=tuple(sorted(lines, key=lambda line: (line.file, line.line))),
    )


def _computation(parameters: Mapping[str, Any], bindings: Bindings, results: Sequence[Any]) -> Any:
    """A TFF computation from the parameters' values, in a structure, to the results'."""
    result = bb.Struct([(None, block) for block in results])
    if not parameters:
        whole = bb.Block(bindings, result)
        return computation_impl.ConcreteComputation.from_building_block(bb.Lambda(None, None, whole))
    type_ = tff.StructType([(None, t) for t in parameters.values()])
    argument = bb.Reference("arguments", type_)
    given = [(name, bb.Selection(argument, index=i)) for i, name in enumerate(parameters)]
    block = bb.Lambda("arguments", type_, bb.Block(given + bindings, result))
    return computation_impl.ConcreteComputation.from_building_block(block)
