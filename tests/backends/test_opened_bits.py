"""What the report and the servers' manifest say of how finely results are opened is what the program opens."""

from __future__ import annotations

import json

from on_duet import as_compiled
from small_programs import everything

from ezprivsecfl.compiler.analyses.leakage import leakage
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.mpc import io, protocol

COMPILED = compile_program(everything(), Options(clients=4))


def test_the_report_tells_exact_results_from_rounded_ones():
    said = {name: opened.significant for opened in leakage(COMPILED).opened for name in opened.results}
    assert said == {"product": 24, "shifted": 24, "roots": 24, "count": None}


def test_the_manifest_says_what_the_program_opens():
    opened = [output.operands[0].op for output in COMPILED.secure.of(io.Output)]
    manifest = json.loads(as_compiled(COMPILED).sources()["manifest.json"])
    assert [entry["significant"] for entry in manifest["outputs"]] == [
        op.significant for op in opened if isinstance(op, protocol.Open)
    ]
    assert {entry["significant"] for entry in manifest["outputs"]} == {24, None}
