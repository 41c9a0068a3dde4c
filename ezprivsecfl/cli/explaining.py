"""Explains the aggregations of a program file, line by line."""

from __future__ import annotations

import argparse

from ezprivsecfl.backends.base import Backend
from ezprivsecfl.cli import exits
from ezprivsecfl.cli.sources import check_parameters, find_sources, reported, traced
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.errors import CompileError
from ezprivsecfl.lines import explained, text
from ezprivsecfl.progress import progress
from ezprivsecfl.runtime.statistics import size_text


def explain_file(arguments: argparse.Namespace, options: Options, backend: Backend) -> int:
    """Carries out ``ezcompile explain``; returns the exit code.

    Args:
        arguments: As parsed.
        options: What programs are compiled with.
        backend: Where they would run.
    """
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
