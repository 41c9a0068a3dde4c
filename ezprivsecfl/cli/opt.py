"""``ezcompile opt FILE.ir``: runs passes of the tensor level on a program in text form and prints the result."""

from __future__ import annotations

import argparse
from pathlib import Path

from ezprivsecfl.cli import exits
from ezprivsecfl.cli.arguments import add_about, add_passes, chosen_for_passes
from ezprivsecfl.compiler.options import DEFAULT_CLIENTS, Options
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
    made = argparse.ArgumentParser(
        "ezcompile opt",
        description="Runs passes of the tensor level on a program in text form and prints what they make of it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("program", metavar="FILE.ir", type=Path, nargs="?", help="a tensor program in text form")
    made.add_argument(
        "--pass",
        dest="passes",
        action="append",
        default=[],
        metavar="NAME",
        help="a pass; may be repeated (default: all, in the compiler's order)",
    )
    made.add_argument("--list", action="store_true", help="print the passes, in the compiler's order")
    made.add_argument("--clients", type=int, metavar="N", help="largest number of clients of a round")
    add_passes(made)
    add_about(made)
    return made


def carry_out(arguments: argparse.Namespace) -> int:
    """Carries out the command."""
    if arguments.list:
        print("\n".join(dict.fromkeys(_described(one) for one in all_passes(Options()))))
        return exits.DONE
    if arguments.program is None:
        raise CompileError("opt takes a tensor program in text form, as in: ezcompile opt FILE.ir")
    try:
        text = arguments.program.read_text("utf-8")
    except OSError as e:
        raise CompileError(f"cannot read {arguments.program}: {e.strerror}") from None
    program = parse_program(text, str(arguments.program))
    options = chosen_for_passes(arguments, arguments.clients or program.max_clients or DEFAULT_CLIENTS)
    print(print_program(run_passes(program, _chosen(all_passes(options), arguments.passes))), end="")
    return exits.DONE


def _chosen(passes: list[Pass], names: list[str]) -> list[Pass]:
    """Those that were asked for, in that order; all, in the pipeline's order, if none was."""
    if not names:
        return passes
    by_name = {pass_name(one): one for one in passes}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise CompileError(f"--pass {unknown[0]}: there is no such pass; there are {', '.join(by_name)}")
    return [by_name[name] for name in names]


def _described(one: Pass) -> str:
    first = (type(one).__doc__ or "").strip().split("\n")[0]
    return f"{pass_name(one):22} {first}"
