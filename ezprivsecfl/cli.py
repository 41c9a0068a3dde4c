"""The command line: ``ezcompile``."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ezprivsecfl import __version__
from ezprivsecfl.backends.network import MEASURED, NETWORKS
from ezprivsecfl.compiler.options import BY_ROUND, DROP, ON_BAD_CLIENT, SCALES, Bound, Declared
from ezprivsecfl.errors import CompileError, EzError

if TYPE_CHECKING:
    from ezprivsecfl.backends.base import Backend

EXIT_DONE, EXIT_PROGRAM, EXIT_COMPILE, EXIT_RUN, EXIT_INTERRUPTED = 0, 1, 2, 3, 130

TFF_MISSING = "TensorFlow Federated is not installed; it comes with the extra: pip install 'ezprivsecfl[tff]'"

DESCRIPTION = """\
Compiles the aggregations of a TensorFlow Federated program to secure two-party computation.

  ezcompile PROGRAM.py            compile every aggregation found, write the artefacts
  ezcompile run PROGRAM.py        run the program; two servers compute its aggregations on shares
  ezcompile opt PROGRAM.ir        run passes of the compiler, one by one, and print the program
  ezcompile doctor                say which back ends this machine can use
"""

COMPILE_EXAMPLES = """\
examples:
  ezcompile my_program.py                        every aggregation found, into my_program.ez/
  ezcompile my_program.py:fltrust --clients 30   only fltrust, for rounds of up to 30 clients
  ezcompile my_program.py --emit mpc,cpp -o out  only the mpc program and the C++ sources
  ezcompile aggregation.ir                       a tensor program in text form

exit codes: 0 done, 1 the program itself failed, 2 it cannot be compiled
"""

RUN_EXAMPLES = """\
examples:
  ezcompile run my_program.py                    the program's own output is left as it is
  ezcompile run my_program.py --check            compare every result with TFF's own
  ezcompile run my_program.py -- --epochs 3      pass arguments to the program
  ezcompile run --cost=wan my_program.py         what every operation costs, before it is run

exit codes: 0 done, 1 the program itself failed, 2 it cannot be compiled, 3 a round failed, or is wrong by --check
"""


OPT_EXAMPLES = """\
examples:
  ezcompile opt aggregation.ir                             all passes
  ezcompile opt --pass factor-scales aggregation.ir        one pass
  ezcompile opt --pass simplify --pass blend-selections aggregation.ir
  ezcompile opt --list                                     what passes there are

exit codes: 0 done, 2 the program or an option is wrong
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = given.pop(0) if given and given[0] in ("run", "opt", "doctor") else "compile"
    own, passed_on = _split(given) if command == "run" else (given, [])
    options = PARSERS[command]().parse_args(own)
    options.arguments = passed_on
    try:
        return _carry_out(command, options)
    except EzError as e:
        if options.verbose:
            traceback.print_exc()
        print(f"ezcompile: {e}", file=sys.stderr)
        return EXIT_COMPILE if isinstance(e, CompileError) else EXIT_RUN
    except KeyboardInterrupt:
        print("ezcompile: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except ModuleNotFoundError as e:
        if not (e.name or "").startswith("tensorflow"):
            raise
        print(f"ezcompile: {TFF_MISSING}", file=sys.stderr)
        return EXIT_COMPILE


def _carry_out(command: str, options: argparse.Namespace) -> int:
    """Loads what the command needs, and no more."""
    if command == "run":
        from ezprivsecfl.cli_run import run_command

        return run_command(options)
    if command == "opt":
        from ezprivsecfl.cli_opt import opt_command

        return opt_command(options)
    if command == "doctor":
        from ezprivsecfl.cli_doctor import doctor_command

        return doctor_command(options)
    from ezprivsecfl.cli_compile import compile_command

    return compile_command(options)


def _split(given: list[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and after ``--`` those of the program."""
    end = given.index("--") if "--" in given else len(given)
    return given[:end], given[end + 1 :]


def _compile_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "ezcompile",
        description=DESCRIPTION,
        epilog=COMPILE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("program", metavar="PROGRAM.py[:NAME]", help="the program file, and one aggregation in it")
    parser.add_argument("--clients", type=int, metavar="N", help="largest number of clients of a round (default 100)")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="where to write (default PROGRAM.ez)")
    parser.add_argument(
        "--emit",
        metavar="KINDS",
        default="tensor,mpc,cpp,circuits",
        help="what to write, of tensor,mpc,cpp,circuits (default all)",
    )
    _common(parser)
    parser.set_defaults(link=None)  # for what is run
    return parser


def _run_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "ezcompile run",
        usage="ezcompile run [options] PROGRAM.py [-- ARGS]",
        description="Runs a TFF program unchanged; its aggregations are computed by two servers on shares.",
        epilog=RUN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("program", metavar="PROGRAM.py", type=Path, help="the program file")
    parser.add_argument("--clients", type=int, metavar="N", help="largest number of clients of a round")
    parser.add_argument(
        "--check",
        action="store_true",
        help="also compute with TFF itself, print the error, and fail if it is above 1e-3",
    )
    parser.add_argument(
        "--link",
        choices=tuple(NETWORKS),
        metavar="NETWORK",
        help="for experiments: the servers wait as if a network, lan or wan, were between them",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a JSON report with one object per call")
    _common(parser)
    return parser


def _doctor_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "ezcompile doctor",
        description="Says which front and back ends this machine can use, and why not.",
        epilog="exit codes: 0 the embedded engine can be used, 2 it cannot",
    )
    _motion2nx(parser)
    parser.add_argument("--verbose", action="store_true", help="also print where an error was raised")
    return parser


def _opt_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "ezcompile opt",
        description="Runs passes on a program in text form and prints what they make of it.",
        epilog=OPT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("program", metavar="FILE.ir", type=Path, nargs="?", help="a program in text form")
    parser.add_argument(
        "--pass",
        dest="passes",
        action="append",
        default=[],
        metavar="NAME",
        help="a pass; may be repeated (default: all of the tensor level, in the compiler's order)",
    )
    parser.add_argument(
        "--list", action="store_true", help="print the passes: the compiler's, in its order, and those of the back ends"
    )
    parser.add_argument("--clients", type=int, metavar="N", help="largest number of clients of a round")
    _passes(parser)
    _about(parser)
    return parser


PARSERS = {"compile": _compile_parser, "run": _run_parser, "opt": _opt_parser, "doctor": _doctor_parser}


def _motion2nx(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--motion2nx", type=Path, metavar="DIR", help="a built MOTION2NX tree (default: $EZ_MOTION2NX_DIR)"
    )


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backend",
        metavar="NAME",
        default="duet",
        help="two servers with the embedded engine (duet, the default) or with MOTION2NX (motion2nx), exact simulation "
        "(plain), or a back end that another package has registered",
    )
    _motion2nx(parser)
    parser.add_argument("--arithmetic", choices=("gmw", "beavy"), help="MOTION2NX's arithmetic protocol (default gmw)")
    _passes(parser)
    parser.add_argument(
        "--cost",
        nargs="?",
        const="lan",
        choices=(*NETWORKS, MEASURED),
        metavar="NETWORK",
        help="print what every operation costs on Duet, with seconds for a network: lan (default), wan or measured",
    )
    parser.add_argument(
        "--scale",
        choices=SCALES,
        default=BY_ROUND,
        help="formats follow the magnitudes that the clients of a round declare, up to the bounds (declared, the "
        "default), or the bounds alone (fixed)",
    )
    parser.add_argument(
        "--on-bad-client",
        choices=ON_BAD_CLIENT,
        default=DROP,
        help="leave a client whose values cannot be used out of the round and name it (drop, the default), or let it "
        "fail the round",
    )
    parser.add_argument(
        "--min-clients",
        type=int,
        default=2,
        metavar="N",
        help="smallest number of clients of a round (default 2); smaller rounds are refused",
    )
    parser.add_argument(
        "--products",
        action="append",
        default=[],
        metavar="[LINE=]METHOD",
        help="for experiments: how Duet computes products at a line, or all: auto, transfer, lattice or shares",
    )
    parser.add_argument(
        "--circuits",
        action="append",
        default=[],
        metavar="[LINE=]DOMAIN",
        help="for experiments: where Duet evaluates circuits, at a line or all: auto, yao (garbled), boolean (shares)",
    )
    parser.add_argument(
        "--network",
        choices=(*NETWORKS, MEASURED),
        metavar="NETWORK",
        help="the network, lan, wan or measured, for which Duet chooses garbled circuits or Boolean shares (default "
        "lan, or what --link says)",
    )
    _about(parser)


def _passes(parser: argparse.ArgumentParser) -> None:
    """What the passes of the tensor level depend on."""
    parser.add_argument(
        "--relu", default="exact", metavar="KIND", help="exact (default), or poly:DEGREE for a polynomial"
    )
    parser.add_argument(
        "--norms",
        default="exact",
        metavar="KIND",
        help="exact (default), or sketch:K: estimate norms of longer vectors from K random sums, with a small error",
    )
    parser.add_argument(
        "--bound",
        action="append",
        default=[],
        metavar="[PARAMETER=]B",
        help="entries x of a parameter (default: of all CLIENTS parameters) satisfy |x| < B, or LO <= x < HI if B is "
        "LO:HI; may be repeated",
    )


def _about(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--verbose", action="store_true", help="also print where an error was raised")
    parser.add_argument("--version", action="version", version=f"ezcompile {__version__}")


def parse_bounds(given: Sequence[str]) -> dict[str, Declared]:
    """Bounds by parameter; raises CompileError if one is none."""
    bounds: dict[str, Declared] = {}
    for text in given:
        parameter, _, interval = text.rpartition("=")
        lowest, colon, highest = interval.rpartition(":")
        try:
            bounds[parameter] = Bound.of((float(lowest), float(highest)) if colon else float(highest))
        except ValueError:
            raise CompileError(f"--bound {text}: expected [PARAMETER=]NUMBER or [PARAMETER=]LOWEST:HIGHEST") from None
        except CompileError as e:
            raise CompileError(f"--bound {text}: {e}") from None
    return bounds


def parse_choices(option: str, given: Sequence[str]) -> dict[int, str]:
    """Choices by line, 0 for all others; raises CompileError if a line is not a number."""
    choices = {}
    for text in given:
        line, _, choice = text.rpartition("=")
        if line and not line.isdecimal():
            raise CompileError(f"{option} {text}: expected [LINE=]CHOICE, with the number of a line")
        choices[int(line or 0)] = choice
    return choices


if __name__ == "__main__":
    sys.exit(main())


def chosen_backend(options: argparse.Namespace) -> Backend:
    """The back end that a command's options describe; raises CompileError if there is no such."""
    from ezprivsecfl.backends.registry import choose

    return choose(
        options.backend,
        directory=options.motion2nx,
        arithmetic=options.arithmetic,
        products=parse_choices("--products", options.products),
        circuits=parse_choices("--circuits", options.circuits),
        network=options.network,
        link=options.link,
    )
