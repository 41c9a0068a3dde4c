"""Programs whose circuits are garbled, or on Boolean shares, on two servers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from on_duet import declared_cost, on_duet
from opened import as_opened, assert_as_opened
from small_programs import clipped_mean, everything, fltrust, functions

from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program

CLIENTS = 4
RNG = np.random.default_rng(1)
INPUTS = {
    "everything": (
        {"x": RNG.normal(0, 1, (CLIENTS, 4, 3)), "y": RNG.normal(0, 1, (CLIENTS, 4, 3)), "count": np.arange(CLIENTS)},
        {"offset": RNG.normal(0, 1, (4, 3))},
    ),
    "functions": ({"x": RNG.normal(0, 1, (CLIENTS, 3)), "count": np.arange(1, 1 + CLIENTS)}, {}),
    "clipped_mean": ({"value": RNG.normal(0, 1, (CLIENTS, 5))}, {"limit": np.float64(2.0)}),
    "fltrust": ({"updates": RNG.normal(0.5, 1, (CLIENTS, 6))}, {"root": RNG.normal(0.5, 1, 6)}),
}


@pytest.mark.parametrize("program", [everything(), functions(3), clipped_mean(5), fltrust(6)], ids=lambda p: p.name)
@pytest.mark.parametrize("domain", ["auto", "yao", "boolean"])
def test_both_domains_give_the_result_of_the_simulation_and_the_declared_traffic(cluster, program, domain):
    compiled = compile_program(program, Options(clients=CLIENTS))
    compiled = replace(compiled, secure=Duet(circuits=domain).lower(compiled).secure)
    clients, server = INPUTS[program.name]
    values = {path: list(value) for path, value in clients.items()}
    servers = on_duet(cluster, compiled)
    servers.run(values, server)  # base OTs
    got, expected = servers.run(values, server), PlainProgram(compiled).run(values, server)
    assert_as_opened(got.outputs, expected.outputs)
    declared = declared_cost(as_opened(compiled.secure, got.statistics.opened), CLIENTS, compiled)
    assert got.statistics.bytes_sent == [declared.setup_bytes[p] + declared.online_bytes[p] for p in (0, 1)]
    assert got.statistics.rounds == declared.rounds
