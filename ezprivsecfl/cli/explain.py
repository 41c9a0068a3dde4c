"""``ezcompile explain PROGRAM.py``: what every line becomes, what it costs, and what it reveals."""

from __future__ import annotations

import argparse

from ezprivsecfl.cli.arguments import (
    add_about,
    add_backend,
    add_passes,
    add_rounds,
    chosen_backend,
    chosen_options,
    command_parser,
)
from ezprivsecfl.compiler.choices import DEFAULT_CLIENTS

EXAMPLES = """\
examples:
  ezcompile explain my_program.py
  ezcompile explain my_program.py:fltrust --clients 30

exit codes: 0 done, 1 the program itself failed, 2 it cannot be compiled
"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = command_parser(
        "ezcompile explain",
        description="Says for every line of a program what it becomes on the servers: in which domain, within which "
        "range, in how many bits, what it sends, and what it reveals.",
        examples=EXAMPLES,
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
    from ezprivsecfl.cli.explaining import explain_file  # as in compile.py

    return explain_file(arguments, options, chosen_backend(arguments))
