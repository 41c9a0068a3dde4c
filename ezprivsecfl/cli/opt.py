"""``ezcompile opt FILE.ir``: runs passes on a program in text form and prints the result."""

from __future__ import annotations

import argparse
from pathlib import Path

from ezprivsecfl.backends import registry
from ezprivsecfl.cli import exits
from ezprivsecfl.cli.arguments import add_about, add_passes, chosen_for_passes, command_parser
from ezprivsecfl.compiler.choices import DEFAULT_CLIENTS
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import all_passes
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.passes import Pass, pass_name, run_passes
from ezprivsecfl.ir.text import parse_program, print_program

EXAMPLES = """\
examples:
  ezcompile opt aggregation.ir                             all passes
  ezcompile opt --pass factor-scales aggregation.ir        one pass
  ezcompile opt --pass simplify --pass blend-selections aggregation.ir
  ezcompile opt --list                                     what passes there are

exit codes: 0 done, 2 the program or an option is wrong
"""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = command_parser(
        "ezcompile opt",
        description="Runs passes on a program in text form and prints what they make of it.",
        examples=EXAMPLES,
    )
    made.add_argument("program", metavar="FILE.ir", type=Path, nargs="?", help="a program in text form")
    made.add_argument(
        "--pass",
        dest="passes",
        action="append",
        default=[],
        metavar="NAME",
        help="a pass; may be repeated (default: all of the tensor level, in the compiler's order)",
    )
    made.add_argument(
        "--list", action="store_true", help="print the passes: the compiler's, in its order, and back ends'"
    )
    made.add_argument("--clients", type=int, metavar="N", help="largest number of clients of a round")
    add_passes(made)
    add_about(made)
    return made


def carry_out(arguments: argparse.Namespace) -> int:
    """Carries out the command."""
    if arguments.list:
        print("\n".join(_described(name, one) for name, one in known_passes(Options()).items()))
        return exits.DONE
    if arguments.program is None:
        raise CompileError("opt takes a program in text form, as in: ezcompile opt FILE.ir")
    try:
        text = arguments.program.read_text("utf-8")
    except OSError as e:
        raise CompileError(f"cannot read {arguments.program}: {e.strerror}") from None
    program = parse_program(text, str(arguments.program))
    options = chosen_for_passes(arguments, arguments.clients or program.max_clients or DEFAULT_CLIENTS)
    print(print_program(run_passes(program, _chosen(options, arguments.passes))), end="")
    return exits.DONE


def known_passes(options: Options) -> dict[str, Pass]:
    """By name the passes of the compiler, in its order, and those of all back ends, as ``BACKEND-PASS``."""
    passes = {pass_name(one): one for one in all_passes(options)}
    for backend in registry.names():
        passes.update((f"{backend}-{pass_name(one)}", one) for one in registry.choose(backend).passes())
    return passes


def _chosen(options: Options, names: list[str]) -> list[Pass]:
    """Those that were asked for, in that order; all of the compiler, in its order, if none was."""
    if not names:
        return all_passes(options)
    known = known_passes(options)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CompileError(f"--pass {unknown[0]}: there is no such pass; there are {', '.join(known)}")
    return [known[name] for name in names]


def _described(name: str, one: Pass) -> str:
    first = (type(one).__doc__ or "").strip().split("\n")[0]
    return f"{name:22} {first}"
