"""``ezcompile PROGRAM.py``: compiles the aggregations of a program and writes the artefacts."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ezprivsecfl.backends.base import Lowered, LoweredForServers
from ezprivsecfl.backends.tree import SECURE
from ezprivsecfl.cli import exits
from ezprivsecfl.cli.arguments import (
    add_about,
    add_accounting,
    add_backend,
    add_passes,
    add_rounds,
    chosen_accounting,
    chosen_backend,
    chosen_options,
)
from ezprivsecfl.cli.progress import progress
from ezprivsecfl.cli.sources import TracedProgram, check_parameters, find_sources, reported, traced
from ezprivsecfl.compiler.options import DEFAULT_CLIENTS
from ezprivsecfl.errors import CompileError
from ezprivsecfl.graph import graph_of
from ezprivsecfl.ir.text import print_program
from ezprivsecfl.report import Report
from ezprivsecfl.report.facts import facts_of
from ezprivsecfl.runtime.artefact import write_tree

DESCRIPTION = """\
Compiles the aggregations of a TensorFlow Federated program to secure two-party computation.

  ezcompile PROGRAM.py            compile every aggregation found, write the artefacts
  ezcompile run PROGRAM.py        run the program; two servers compute its aggregations on shares
  ezcompile explain PROGRAM.py    say for every line what it becomes, what it costs, and what it reveals
  ezcompile opt PROGRAM.ir        run passes of the compiler, one by one, and print the program
  ezcompile new NAME              make a small project to start from
  ezcompile doctor                say which back ends this machine can use, and how to install what is missing
  ezcompile completion SHELL      print a script that completes all this in bash or zsh
"""

EXAMPLES = """\
examples:
  ezcompile my_program.py                        every aggregation found, into my_program.ez/
  ezcompile my_program.py:fltrust --clients 30   only fltrust, for rounds of up to 30 clients
  ezcompile my_program.py --boundary             what runs at each client, what is uploaded, what is on shares
  ezcompile my_program.py --emit mpc,cpp -o out  only the mpc program and the C++ sources
  ezcompile aggregation.ir                       a tensor program in text form

exit codes: 0 done, 1 the program itself failed, 2 it cannot be compiled
"""


KINDS = ("tensor", "mpc", "cpp", "circuits", "dot", "svg")


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        "ezcompile",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("program", metavar="PROGRAM.py[:NAME]", help="the program file, and one aggregation in it")
    made.add_argument("--clients", type=int, metavar="N", help="largest number of clients of a round (default 100)")
    made.add_argument("-o", "--output", type=Path, metavar="DIR", help="where to write (default PROGRAM.ez)")
    made.add_argument(
        "--emit",
        metavar="KINDS",
        default=",".join(KINDS),
        help=f"what to write, of {','.join(KINDS)} (default all)",
    )
    made.add_argument(
        "--boundary",
        action="store_true",
        help="only print what runs in the clear at each client, what is uploaded, and what is computed on shares",
    )
    add_backend(made)
    add_passes(made)
    add_rounds(made)
    add_accounting(made)
    add_about(made)
    return made


def carry_out(arguments: argparse.Namespace) -> int:
    """Carries out the command."""
    kinds = _chosen_kinds(arguments.emit)
    options = chosen_options(arguments, DEFAULT_CLIENTS if arguments.clients is None else arguments.clients)
    options = replace(options, accounting=chosen_accounting(arguments))
    backend = chosen_backend(arguments)
    backend.check()
    path, sources = find_sources(arguments.program, options)
    if sources is None:
        return exits.PROGRAM
    programs, errors = traced(sources)
    if arguments.boundary:
        _print_boundaries(programs)
        return reported(errors, total=len(sources))
    if not errors:
        check_parameters(options, programs)
    for called, one in programs.items():
        folder = (arguments.output or path.with_suffix(".ez")) / called
        try:
            with progress(f"compiling {called}"):
                first = one.compile(options, backend)
                lowered = first.lowered
            report = Report(facts_of(lowered, one.boundary, of_initial_state=first.of_initial_state))
            _write(lowered, report, folder, kinds)
            if isinstance(lowered, LoweredForServers) and {"cpp", "circuits"} <= set(kinds):
                with progress(f"building {called}"):
                    lowered.build(folder)
        except CompileError as e:
            errors[called] = e
            continue
        print(report)
        if arguments.cost:
            print(lowered.cost(lowered.compiled.options.most_clients, arguments.cost))
        print(f"  Written to {folder}")
    return reported(errors, total=len(sources))


def _chosen_kinds(emit: str) -> list[str]:
    kinds = [k.strip() for k in emit.split(",") if k.strip()]
    unknown = [k for k in kinds if k not in KINDS]
    if unknown:
        raise CompileError(f"--emit {','.join(unknown)}: choose from {', '.join(KINDS)}")
    return kinds


def _print_boundaries(programs: Mapping[str, TracedProgram]) -> None:
    for called, one in programs.items():
        print(called)
        for statement in one.boundary or ["In the clear: nothing is known of, in a program in text form"]:
            print(f"  {statement}")


def _write(lowered: Lowered, report: Report, folder: Path, kinds: list[str]) -> None:
    """Writes the chosen artefacts of one program."""
    tree = {"report.txt": f"{report}\n"}
    if "tensor" in kinds:
        tree["tensor.ir"] = print_program(lowered.compiled.tensor)
        tree["optimised.ir"] = print_program(lowered.compiled.optimised)
    if "mpc" in kinds:
        tree["mpc.ir"] = print_program(lowered.secure)
    graph = graph_of(lowered.secure)
    if "dot" in kinds:
        tree["graph.dot"] = graph.dot
    if "svg" in kinds:
        tree["graph.svg"] = graph.svg
    for path, text in lowered.sources().items():
        if not _kinds_of(path).isdisjoint(kinds):
            tree[path] = text
    try:
        write_tree(tree, folder)
    except OSError as e:
        raise CompileError(f"cannot write to {folder}: {e.strerror}") from None


def _kinds_of(path: str) -> set[str]:
    """What a file of the emitted sources belongs to."""
    if path.startswith("circuits/"):
        return {"circuits"}
    return {"mpc", "cpp"} if path == SECURE else {"cpp"}
