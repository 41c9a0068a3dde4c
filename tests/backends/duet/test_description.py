"""What the report says of a back end's traffic."""

from __future__ import annotations

import re

from on_duet import as_compiled
from small_programs import clipped_mean, fltrust, weighted_mean

from ezprivsecfl.backends.duet.declared import declared
from ezprivsecfl.backends.duet.rounds import scheduled
from ezprivsecfl.backends.tree import manifest
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.mpc.protocol import SquareSum
from ezprivsecfl.ir.mpc.shares import SquareSumOfShares
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.participants import agreement_bytes
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.statistics import size_text


def test_the_report_says_what_a_lattice_key_answers_and_how_long_it_lasts():
    lowered = as_compiled(compile_program(fltrust(3000), Options(clients=30)))
    table = lowered.cost(30)
    (line,) = [line for line in lowered.traffic() if line.startswith("lattice encryption")]
    found = re.search(r"within 2\^-40 \(.*\) .* a round takes 2\^(-[\d.]+) of that, .*anew every (\d+) rounds", line)
    assert found is not None
    spent = max(sum(c.cost.flooding[party] for c in table.ops) for party in (0, 1))
    assert abs(2 ** float(found[1]) / spent - 1) < 0.1
    assert int(found[2]) == int(_duet.FLOODING_BUDGET / spent) > 1


def test_without_lattices_there_is_nothing_to_say():
    lowered = as_compiled(compile_program(weighted_mean(2), Options(clients=3)))
    assert not [line for line in lowered.traffic() if "lattice" in line]


def test_what_the_servers_agree_upon_is_counted_with_the_operations():
    lowered = as_compiled(compile_program(fltrust(2), Options(clients=3)))
    table = lowered.cost(3)
    assert list(table.agreements) == ["participants", "clients' proofs", "public values", "confirmation"]
    assert table.agreements["confirmation"].online.bytes == (16 + 3 * 32, 16 + 3 * 32)
    assert table.agreements["participants"].online.bytes == (16 + agreement_bytes(3),) * 2
    costs = [*(c.cost for c in table.ops), *table.agreements.values()]
    for party in (0, 1):
        assert table.online_bytes[party] == sum(c.online.bytes[party] for c in costs)
        assert table.online_messages[party] == sum(c.online.messages[party] for c in costs)
        assert table.setup_bytes[party] == sum(c.setup.bytes[party] for c in costs)
    plan = scheduled(lowered.program)
    ends = 2 + table.agreements["clients' proofs"].online.rounds
    assert (table.rounds, table.delays) == (plan.rounds + ends, plan.delays + ends)


def test_without_public_values_there_is_nothing_to_agree_upon():
    table = as_compiled(compile_program(weighted_mean(2), Options(clients=3))).cost(3)
    assert list(table.agreements) == ["participants", "clients' proofs", "confirmation"]


def test_proofs_cost_what_the_engine_declares_and_without_there_are_none():
    """Squared norms of proofs, which the servers need not compute."""
    program = clipped_mean(3000)
    proved, unproved = (as_compiled(compile_program(program, Options(clients=9, proofs=p))) for p in (True, False))
    layout = plan_of(manifest(proved.compiled, proved.program, "duet")).layout
    sizes = {"clients": 9, "entries": layout.entries, "message_bytes": layout.message_bytes}
    with_, without = proved.cost(9), unproved.cost(9)
    assert with_.agreements["clients' proofs"] == declared("client_proofs", **sizes)
    assert with_.agreements["clients' proofs"].online.messages == (2, 2)  # coins, what is checked, and verdicts
    assert list(without.agreements) == ["participants", "public values", "confirmation"]
    squares = sum(sum(c.cost.online.bytes) for c in without.ops if isinstance(c.op, SquareSum | SquareSumOfShares))
    assert squares > sum(with_.agreements["clients' proofs"].online.bytes)
    assert with_.total_bytes < without.total_bytes


def test_a_table_has_a_line_for_every_cost_and_their_sum():
    table = as_compiled(compile_program(fltrust(2), Options(clients=3))).cost(3)
    lines = str(table).splitlines()
    names = [line.split("  ")[0] for line in lines[2:-2]]
    assert names == [*(c.op.name for c in table.ops), *table.agreements]
    assert lines[-2].split() == [
        "all",
        *size_text(sum(table.setup_bytes)).split(),
        *size_text(sum(table.online_bytes)).split(),
        f"{1e3 * sum(c.cpu_seconds for c in table.costs):.1f}",
    ]
