"""``ezcompile PROGRAM.py``: compiles the aggregations of a program and writes the artefacts."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from ezprivsecfl.cli.arguments import (
    add_about,
    add_accounting,
    add_backend,
    add_passes,
    add_rounds,
    chosen_accounting,
    chosen_backend,
    chosen_options,
    command_parser,
)
from ezprivsecfl.compiler.choices import DEFAULT_CLIENTS
from ezprivsecfl.errors import CompileError

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
    made = command_parser(
        "ezcompile",
        description=DESCRIPTION,
        examples=EXAMPLES,
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
    accounting = chosen_accounting(arguments)
    options = chosen_options(arguments, DEFAULT_CLIENTS if arguments.clients is None else arguments.clients)
    options = replace(options, accounting=accounting)
    # What compiles takes a while to import: a wrong option is answered before.
    from ezprivsecfl.cli.compiling import compile_file

    return compile_file(arguments, kinds, options, chosen_backend(arguments))


def _chosen_kinds(emit: str) -> list[str]:
    kinds = [k.strip() for k in emit.split(",") if k.strip()]
    unknown = [k for k in kinds if k not in KINDS]
    if unknown:
        raise CompileError(f"--emit {','.join(unknown)}: choose from {', '.join(KINDS)}")
    return kinds
