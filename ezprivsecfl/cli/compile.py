"""``ezcompile PROGRAM.py``: compiles the aggregations of a program and writes the artefacts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ezprivsecfl.backends.base import Lowered, LoweredForServers
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
from ezprivsecfl.cli.messages import print_program_error, say
from ezprivsecfl.cli.program_file import execute, load_code
from ezprivsecfl.compiler.options import DEFAULT_CLIENTS, Options
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor.structure import Stack
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.progress import progress
from ezprivsecfl.report import Report
from ezprivsecfl.report.facts import facts_of
from ezprivsecfl.runtime.artefact import write_tree
from ezprivsecfl.variants import InitialState, Variant

DESCRIPTION = """\
Compiles the aggregations of a TensorFlow Federated program to secure two-party computation.

  ezcompile PROGRAM.py            compile every aggregation found, write the artefacts
  ezcompile run PROGRAM.py        run the program; two servers compute its aggregations on shares
  ezcompile opt PROGRAM.ir        run passes of the compiler, one by one, and print the program
  ezcompile doctor                say which back ends this machine can use
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


@dataclass(frozen=True)
class TracedProgram:
    """What there is to compile.

    Args:
        program: As traced.
        boundary: What runs in the clear before, in words.
        initial_state: See ``Variant.first``.
        clients: The only number of clients that it is for; None: any.
    """

    program: Program
    boundary: Sequence[str] = ()
    initial_state: InitialState = dict
    clients: int | None = None


GUARD = "put what it does when it is run below: if __name__ == '__main__'"
KINDS = ("tensor", "mpc", "cpp", "circuits")


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
    file, _, name = arguments.program.partition(".py:")
    path = Path(f"{file}.py" if name else arguments.program)
    options = chosen_options(arguments, DEFAULT_CLIENTS if arguments.clients is None else arguments.clients)
    options = replace(options, accounting=chosen_accounting(arguments))
    backend = chosen_backend(arguments)
    backend.check()
    sources = _read_text(path) if path.suffix == ".ir" else _find_in_file(path, name, options)
    if sources is None:
        return exits.PROGRAM
    programs, errors = _traced(sources)
    if arguments.boundary:
        _print_boundaries(programs)
        return _reported(errors, total=len(sources))
    if not errors:
        _check_parameters(options, programs)
    for called, traced in programs.items():
        folder = (arguments.output or path.with_suffix(".ez")) / called
        try:
            with progress(f"compiling {called}"):
                fitting = replace(options.fitting(traced.program), exact_clients=traced.clients)
                first = Variant.first(traced.program, traced.initial_state, fitting, backend)
                lowered = first.lowered
            report = Report(facts_of(lowered, traced.boundary, of_initial_state=first.of_initial_state))
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
    return _reported(errors, total=len(sources))


def _chosen_kinds(emit: str) -> list[str]:
    kinds = [k.strip() for k in emit.split(",") if k.strip()]
    unknown = [k for k in kinds if k not in KINDS]
    if unknown:
        raise CompileError(f"--emit {','.join(unknown)}: choose from {', '.join(KINDS)}")
    return kinds


def _print_boundaries(programs: Mapping[str, TracedProgram]) -> None:
    for called, traced in programs.items():
        print(called)
        for statement in traced.boundary or ["In the clear: nothing is known of, in a program in text form"]:
            print(f"  {statement}")


def _check_parameters(options: Options, programs: Mapping[str, TracedProgram]) -> None:
    """Raises CompileError for an option that names a parameter which no program has."""
    all_of_them = [traced.program for traced in programs.values()]
    for declared in options.declared:
        for key in declared.unused(all_of_them):
            known = sorted({op.path for program in all_of_them for op in program.of(Input)})
            raise CompileError(f"{declared.option(key)} {key}: no such parameter; there are {', '.join(known)}")


def _reported(errors: Mapping[str, CompileError], total: int) -> int:
    """Says what could not be compiled, after what could."""
    if total == 1:
        for error in errors.values():
            raise error
    sys.stdout.flush()
    for called, error in errors.items():
        say(f"{called} cannot be compiled: {error}")
    return exits.COMPILE if errors else exits.DONE


Sources = dict[str, Callable[[], TracedProgram]]
"""Programs by name; a call traces one, and may raise CompileError."""


def _read_text(path: Path) -> Sources:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as e:
        raise CompileError(f"cannot read {path}: {e.strerror}") from None
    except UnicodeDecodeError as e:
        raise CompileError(f"{path} is not a program in text form: {e}") from None
    program = parse_program(text, str(path))
    if program.level is not Level.TENSOR:
        raise CompileError(f"{path} is an mpc program; only tensor programs can be compiled")
    clients = next((op.clients for op in program.of(Stack)), None)
    return {program.name: lambda: TracedProgram(program, clients=clients)}


def _find_in_file(path: Path, name: str, options: Options) -> Sources | None:
    """Finds the aggregations of a program file; None if the program itself failed."""
    load_code(path)  # what is no program is refused before TFF's long import
    with progress("importing TensorFlow Federated"):
        from ezprivsecfl.frontends.tff import Traces, find_computations, install_source_tracking
        from ezprivsecfl.secure_context import leave_to_tff
    install_source_tracking()
    leave_to_tff()  # for programs that call something as they are imported
    try:
        namespace = execute(path, [], name="__ezcompile__")
    except CompileError:
        raise
    except SystemExit as e:
        say(f"{path} ended itself while it was imported (exit code {e.code}); {GUARD}")
        return None
    except Exception as e:
        print_program_error(e)
        return None
    found = find_computations(namespace)
    if name and name not in found:
        raise CompileError(f"{path} has no aggregation {name!r}; found: {', '.join(found) or 'none'}")
    if not found:
        raise CompileError(
            f"{path} has no aggregation at module level: expected a tff.federated_computation with a CLIENTS-placed "
            "parameter, or a process (AggregationProcess, LearningProcess) with such a next"
        )
    chosen = {name: found[name]} if name else found

    def source(called: str) -> Callable[[], TracedProgram]:
        def traced() -> TracedProgram:
            found = Traces(chosen[called], called, owner=options.server_inputs.owner).first(options.clients)
            return TracedProgram(found.program, found.boundary(), found.initial_state, found.clients)

        return traced

    return {called: source(called) for called in chosen}


def _traced(sources: Sources) -> tuple[dict[str, TracedProgram], dict[str, CompileError]]:
    """Traces what can be traced; the rest comes with its error."""
    programs: dict[str, TracedProgram] = {}
    errors: dict[str, CompileError] = {}
    for called, source in sources.items():
        try:
            programs[called] = source()
        except CompileError as e:
            errors[called] = e
    return programs, errors


def _write(lowered: Lowered, report: Report, folder: Path, kinds: list[str]) -> None:
    """Writes the chosen artefacts of one program."""
    tree = {"report.txt": f"{report}\n"}
    if "tensor" in kinds:
        tree["tensor.ir"] = print_program(lowered.compiled.tensor)
        tree["optimised.ir"] = print_program(lowered.compiled.optimised)
    if "mpc" in kinds:
        tree["mpc.ir"] = print_program(lowered.secure)
    for path, text in lowered.sources().items():
        if ("circuits" if path.startswith("circuits/") else "cpp") in kinds:
            tree[path] = text
    try:
        write_tree(tree, folder)
    except OSError as e:
        raise CompileError(f"cannot write to {folder}: {e.strerror}") from None
