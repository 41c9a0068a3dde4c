"""Every rule of the library on two servers: traffic, rounds, processor time, and how far the result is off.

    uv run python benchmarks/aggregators.py [--clients 30] [--size 3372] [--only Krum] [--page docs/aggregators.md]
        [--parameters '{"coordinates": 10000}']

Parameters are the registry's, without noise, unless given, as JSON. Bytes and rounds are exact and of the second of two
rounds, without what a session needs once; seconds are of the busier server's processor. The error is relative to the
largest entry of what the rule gives in float64, without TFF and servers; tests/aggregators/test_rules.py compares that
with numpy. A rule that does not run has the reason in its row. With ``--page`` rows that were not run keep what the
page has.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow_federated as tff
from computations import inputs_for, relative_error
from tables import head_text, megabytes, replace_section, row_text, significant

import ezprivsecfl as ez
from ezprivsecfl.aggregators.registry import CLIENTS, RULES
from ezprivsecfl.errors import EzError
from ezprivsecfl.frontends.tff import reference_context

HEADINGS = ["rule", "in 2PC", "MB", "rounds", "CPU s", "error"]
NOISE = ("noise", "noise_factor")
NOT_RUN = "not measured"


def parameters_of(name: str) -> dict[str, Any]:
    """The registry's, without noise, so that there is one result to compare with."""
    return {key: 0.0 if key in NOISE else value for key, value in RULES[name].parameters.items()}


def server_input(type_: tff.TensorType) -> Any:
    """Of a type that is no update: 1, or examples whose features are from -1 to 1."""
    if not type_.shape:
        return np.float32(1.0)
    return np.random.default_rng(1).uniform(-1, 1, type_.shape).astype(np.float32)


def measure(name: str, clients: int, size: int, given: Mapping[str, Any]) -> list[str]:
    """The row of one rule, with some parameters other than the registry's, or why there is none."""
    rule, parameters, inputs = RULES[name].rule, {**parameters_of(name), **given}, inputs_for(clients, size)
    types = {**rule.server_types, **RULES[name].types(size)}
    others: list[Any] = [inputs.root_update] * (rule.initial_state is not None) if not rule.server_inputs else []
    others += [server_input(types[key]) if key in types else inputs.root_update for key in rule.server_inputs]
    expected = rule(inputs.updates.astype(np.float64), *(each.astype(np.float64) for each in others), **parameters)
    try:
        computation = rule.computation(tff.TensorType(np.float32, [size]), **types, **parameters)
        program = ez.compile(computation, clients=clients, name="rule")
        for _ in range(2):
            result = program.run(list(inputs.updates), *others)
    except EzError as e:
        return [name, "no", "", "", "", " ".join(str(e).split())[:300].replace("|", "/")]
    if rule.initial_state is not None:
        result, expected = result[0], expected[0]
    s = program.last_statistics
    assert s is not None
    error = relative_error([result], [np.asarray(expected)])
    return [name, "yes", megabytes(sum(s.bytes_sent)), str(s.rounds), significant(max(s.cpu_seconds)), f"{error:.0e}"]


def known_rows(page: Path) -> dict[str, str]:
    """The table's rows that a page has, by rule."""
    table = page.read_text().split("<!-- rules -->")[1].split("<!-- end of rules -->")[0]
    rows = (line for line in table.splitlines() if line.startswith("| "))
    return {name: row for row in rows if (name := row.split(" | ")[0][2:]) in RULES}


def main() -> None:
    """Prints the table, and puts it into a page, row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--size", type=int, default=3372)
    parser.add_argument("--only", nargs="+", choices=RULES, default=list(RULES), metavar="RULE")
    parser.add_argument("--parameters", type=json.loads, default={}, help="of all rules that are run")
    parser.add_argument("--page", type=Path, help="put the table between this page's marks 'rules'")
    options = parser.parse_args()
    rows = {name: row_text([name, NOT_RUN, "", "", "", ""]) for name in RULES}
    if options.page:
        rows |= known_rows(options.page)
    tff.framework.set_default_context(reference_context())
    print(head_text(HEADINGS), flush=True)
    for name in options.only:
        rows[name] = row_text(measure(name, options.clients, options.size, options.parameters))
        print(rows[name], flush=True)
        if options.page:
            replace_section(options.page, "rules", "\n".join([head_text(HEADINGS), *rows.values()]))


if __name__ == "__main__":
    main()
