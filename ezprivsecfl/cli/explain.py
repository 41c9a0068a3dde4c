"""``ezcompile explain PROGRAM.py``: what every line becomes, what it costs, and what it reveals."""

from __future__ import annotations

import argparse

from ezprivsecfl.cli import exits
from ezprivsecfl.cli.arguments import add_about, add_backend, add_passes, add_rounds, chosen_backend, chosen_options
from ezprivsecfl.cli.progress import progress
from ezprivsecfl.cli.sources import check_parameters, find_sources, reported, traced
from ezprivsecfl.compiler.options import DEFAULT_CLIENTS
from ezprivsecfl.errors import CompileError
from ezprivsecfl.lines import explained, text
from ezprivsecfl.runtime.statistics import size_text

EXAMPLES = """\
examples:
  ezcompile explain my_program.py
  ezcompile explain my_program.py:fltrust --clients 30

exit codes: 0 done, 1 the program itself failed, 2 it cannot be compiled
"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        "ezcompile explain",
        description="Says for every line of a program what it becomes on the servers: in which domain, within which "
        "range, in how many bits, what it sends, and what it reveals.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("program", metavar="PROGRAM.py[:NAME]", help="the program file, and one aggregation in it")
    made.add_argument("--clients", type=int, metavar="N", help="largest number of clients of a round (default 100)")
    add_backend(made)
    add_passes(made)
    add_rounds(made)
    add_about(made)
    return made


def carry_out(arguments: argparse.Namespace) -> int:
    """Carries out the command."""
    options = chosen_options(arguments, DEFAULT_CLIENTS if arguments.clients is None else arguments.clients)
    backend = chosen_backend(arguments)
    _, sources = find_sources(arguments.program, options)
    if sources is None:
        return exits.PROGRAM
    programs, errors = traced(sources)
    if not errors:
        check_parameters(options, programs)
    for called, one in programs.items():
        try:
            with progress(f"compiling {called}"):
                lowered = one.compile(options, backend).lowered
        except CompileError as e:
            errors[called] = e
            continue
        clients = lowered.compiled.options.most_clients
        try:
            costs = lowered.cost(clients, arguments.cost or "lan")
        except CompileError:  # the back end declares none
            costs = None
        print(f"{called}, of {clients} clients")
        lines = explained(lowered, None if costs is None else costs.of_operations())
        print(text(lines))
        if costs is not None:
            besides = costs.total_bytes - sum(one.sent_bytes or 0 for one in lines)
            print(f"besides: {size_text(besides)} for who takes part, clients' proofs and agreements of the servers")
        if arguments.cost:
            print(costs)
    return reported(errors, total=len(sources))
