"""What the report says of a back end's traffic."""

from __future__ import annotations

import re

from on_duet import as_compiled
from small_programs import fltrust, weighted_mean

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.runtime import _duet


def test_the_report_says_what_a_lattice_key_answers_and_how_long_it_lasts():
    lowered = as_compiled(compile_program(fltrust(3000), Options(clients=30)))
    (line,) = [line for line in lowered.traffic() if line.startswith("lattice encryption")]
    found = re.search(r"within 2\^-40 \(.*\) .* a round takes 2\^(-[\d.]+) of that, .*anew every (\d+) rounds", line)
    assert found is not None
    table = lowered.cost(30)
    spent = max(sum(c.kernel.flooding()[party] for c in table.ops) for party in (0, 1))
    assert abs(2 ** float(found[1]) / spent - 1) < 0.1
    assert int(found[2]) == int(_duet.FLOODING_BUDGET / spent) > 1


def test_without_lattices_there_is_nothing_to_say():
    lowered = as_compiled(compile_program(weighted_mean(2), Options(clients=3)))
    assert not [line for line in lowered.traffic() if "lattice" in line]


def test_the_confirmation_is_a_round_of_its_own():
    table = as_compiled(compile_program(weighted_mean(2), Options(clients=3))).cost(3)
    assert table.confirmation.bytes == (16 + 3 * 32, 16 + 3 * 32)
    assert table.online_bytes[0] == sum(c.online.bytes[0] for c in table.ops) + table.confirmation.bytes[0]
    assert "confirmation" in str(table)
