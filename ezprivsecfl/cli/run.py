"""``ezcompile run PROGRAM.py``: runs a program; its aggregations are computed by two servers."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

from ezprivsecfl.backends.network import NETWORKS
from ezprivsecfl.cli import exits
from ezprivsecfl.cli.arguments import (
    add_about,
    add_backend,
    add_passes,
    add_rounds,
    chosen_backend,
    chosen_options,
    command_parser,
)
from ezprivsecfl.cli.messages import print_program_error, say
from ezprivsecfl.cli.program_file import check_module, execute, execute_module, load_code
from ezprivsecfl.compiler.choices import first_clients
from ezprivsecfl.errors import DroppedClientWarning, EzError, PrecisionWarning
from ezprivsecfl.progress import progress

EXAMPLES = """\
examples:
  ezcompile run my_program.py                    the program's own output is left as it is
  ezcompile run --check my_program.py            compare every result with TFF's own
  ezcompile run my_program.py --epochs 3         what follows PROGRAM goes to the program
  ezcompile run -m my_package.train              a module, as python -m runs it
  ezcompile run --cost=wan my_program.py         what every operation costs, before it is run

exit codes: 0 done, 1 the program itself failed, 2 it cannot be compiled, 3 a round failed, or is wrong by --check
"""


class _ProgramWithArguments(argparse.Action):
    """The program and its arguments, taken together: argparse would keep a ``--`` right between them for itself."""

    def __call__(
        self, parser: object, namespace: argparse.Namespace, values: Any, option_string: object = None
    ) -> None:
        namespace.program, *namespace.arguments = values


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = command_parser(
        "ezcompile run",
        usage="ezcompile run [options] (PROGRAM.py | -m MODULE) [ARGS]",
        description="Runs a TFF program unchanged; its aggregations are computed by two servers on shares.",
        examples=EXAMPLES,
    )
    made.add_argument("-m", dest="module", action="store_true", help="PROGRAM is a module's name")
    made.add_argument(
        "program",
        metavar="PROGRAM",
        nargs=argparse.PARSER,
        action=_ProgramWithArguments,
        help="the program file; what follows goes to the program as it is",
    )
    made.add_argument("--clients", type=int, metavar="N", help="largest number of clients of a round")
    made.add_argument(
        "--check",
        action="store_true",
        help="also compute with TFF itself, print the error, and fail if it is above 1e-3",
    )
    made.add_argument("--report", type=Path, metavar="FILE", help="write a JSON report with one object per call")
    add_backend(made)
    made.add_argument(
        "--link",
        choices=tuple(NETWORKS),
        metavar="NETWORK",
        help="for experiments: the servers wait as if a network, lan or wan, were between them",
    )
    add_passes(made)
    add_rounds(made)
    add_about(made, "a row of the table for every call; also print where an error was raised")
    return made


def carry_out(arguments: argparse.Namespace) -> int:
    """Carries out the command."""
    options = chosen_options(arguments, first_clients(arguments.clients, arguments.min_clients))
    if arguments.module:
        check_module(arguments.program)
    else:
        load_code(Path(arguments.program))
    ours = {f"--{name.replace('_', '-')}" for name in vars(arguments)}
    if passed_on := ours.intersection(arguments.arguments):
        say(f"{', '.join(sorted(passed_on))} goes to the program, since it follows PROGRAM; ours stand before it")
    backend = chosen_backend(arguments)
    backend.check()
    from ezprivsecfl.cli.recorder import Recorder  # as in compile.py
    from ezprivsecfl.cli.summary import print_summary, write_json

    if arguments.report:
        write_json(arguments.report, [])  # a report that cannot be written must not cost a whole run
    with progress("importing TensorFlow Federated"):
        from ezprivsecfl.cli.context_guard import guarded
        from ezprivsecfl.frontends.tff import install_source_tracking
        from ezprivsecfl.secure_context import SecureRunner
    recorder = Recorder(arguments.check)
    install_source_tracking()
    runner = SecureRunner(backend, options, grows=arguments.clients is None, observer=recorder)
    for said_by_the_recorder in (PrecisionWarning, DroppedClientWarning):
        warnings.simplefilter("ignore", said_by_the_recorder)
    if arguments.cost:
        runner.announce = lambda variant, clients: print(variant.cost(arguments.cost, clients), file=sys.stderr)
    try:
        with guarded(runner, say):
            code = _run(arguments)
    finally:
        sys.stdout.flush()
        if recorder.calls:
            print_summary(recorder.calls, check=arguments.check, each=arguments.verbose)
        if arguments.report:
            write_json(arguments.report, recorder.calls)
    if code == exits.DONE and not recorder.calls:
        say("the program called no aggregation")
    elif code == exits.DONE:
        for option, parameters in runner.unused_parameters().items():
            say(f"{option}: no aggregation that ran has a parameter {', '.join(parameters)}")
    return exits.RUN if code == exits.DONE and recorder.wrong else code


def _run(arguments: argparse.Namespace) -> int:
    """Runs the program; errors of this package pass, the program's own become exit codes."""
    try:
        if arguments.module:
            execute_module(arguments.program, arguments.arguments)
        else:
            execute(Path(arguments.program), arguments.arguments, name="__main__")
    except EzError:
        raise
    except SystemExit as e:
        return _exit_code(e)
    except KeyboardInterrupt as e:
        print_program_error(e)
        return exits.INTERRUPTED
    except BaseException as e:
        print_program_error(e)
        return exits.PROGRAM
    return exits.DONE


def _exit_code(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or exits.DONE
    print(end.code, file=sys.stderr)
    return exits.PROGRAM
