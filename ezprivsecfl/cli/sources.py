"""The aggregations of a program, in Python or in text form, that a command compiles."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ezprivsecfl.backends.base import Backend
from ezprivsecfl.cli import exits
from ezprivsecfl.cli.messages import print_program_error, say
from ezprivsecfl.cli.program_file import execute, load_code
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor.structure import Stack
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.progress import progress
from ezprivsecfl.variants import InitialState, Variant


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

    def compile(self, options: Options, backend: Backend) -> Variant:
        """What the command line compiles of it; raises CompileError if that is not possible."""
        fitting = replace(options.fitting(self.program), exact_clients=self.clients)
        return Variant.first(self.program, self.initial_state, fitting, backend)


GUARD = "put what it does when it is run below: if __name__ == '__main__'"


Sources = dict[str, Callable[[], TracedProgram]]
"""Programs by name; a call traces one, and may raise CompileError."""


def find_sources(given: str, options: Options) -> tuple[Path, Sources | None]:
    """The file that an argument names, and what it has; None if the program itself failed, which has been said.

    Args:
        given: ``PROGRAM.py``, ``PROGRAM.py:NAME`` or ``FILE.ir``.
        options: What it is to be compiled with.

    Raises:
        CompileError: There is no such file, or no aggregation in it.
    """
    file, _, name = given.partition(".py:")
    path = Path(f"{file}.py" if name else given)
    return path, _read_text(path) if path.suffix == ".ir" else _find_in_file(path, name, options)


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
        def trace() -> TracedProgram:
            found = Traces(chosen[called], called, owner=options.server_inputs.owner).first(options.clients)
            return TracedProgram(found.program, found.boundary(), found.initial_state, found.clients)

        return trace

    return {called: source(called) for called in chosen}


def traced(sources: Sources) -> tuple[dict[str, TracedProgram], dict[str, CompileError]]:
    """Traces what can be traced; the rest comes with its error."""
    programs: dict[str, TracedProgram] = {}
    errors: dict[str, CompileError] = {}
    for called, source in sources.items():
        try:
            programs[called] = source()
        except CompileError as e:
            errors[called] = e
    return programs, errors


def check_parameters(options: Options, programs: Mapping[str, TracedProgram]) -> None:
    """Raises CompileError for an option that names a parameter which no program has."""
    all_of_them = [one.program for one in programs.values()]
    for declared in options.declared:
        for key in declared.unused(all_of_them):
            known = sorted({op.path for program in all_of_them for op in program.of(Input)})
            raise CompileError(f"{declared.option(key)} {key}: no such parameter; there are {', '.join(known)}")


def reported(errors: Mapping[str, CompileError], total: int) -> int:
    """Says what could not be compiled, after what could."""
    if total == 1:
        for error in errors.values():
            raise error
    sys.stdout.flush()
    for called, error in errors.items():
        say(f"{called} cannot be compiled: {error}")
    return exits.COMPILE if errors else exits.DONE
