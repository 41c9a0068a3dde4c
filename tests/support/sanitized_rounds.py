"""Rounds of two emitted programs with both servers in this process, for an engine built with a sanitizer.

``scripts/sanitize`` runs it with the sanitizer's library preloaded and its flags in ``$CXXFLAGS``. What the rounds
return is compared by other tests.
"""

from __future__ import annotations

import os

from mpc_programs import compiled_every_op, inputs_of_every_op
from pair import Pair
from rounds import by_placement, random_round
from small_programs import fltrust

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program

CLIENTS = 4
ROUNDS = 2
"""Of each program: only the first has base OTs."""


def main() -> None:
    os.environ.pop("LD_PRELOAD", None)  # the compiler of the programs runs without it
    robust = compile_program(fltrust(50), Options(clients=CLIENTS))
    cases = ((compiled_every_op(), inputs_of_every_op(CLIENTS)), (robust, random_round(robust.tensor, CLIENTS)[2]))
    for compiled, inputs in cases:
        pair, given = Pair(compiled), by_placement(compiled.tensor, inputs)
        for _ in range(ROUNDS):
            for result in pair.round(*given):
                if isinstance(result, Exception):
                    raise result
        print(f"{compiled.secure.name}: {ROUNDS} rounds")


if __name__ == "__main__":
    main()
