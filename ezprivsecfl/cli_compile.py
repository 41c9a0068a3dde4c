"""``ezcompile PROGRAM.py``: compiles the aggregations of a program and writes the artefacts."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from ezprivsecfl.backends.base import Lowered, LoweredForServers
from ezprivsecfl.cli import EXIT_COMPILE, EXIT_DONE, EXIT_PROGRAM, chosen_backend, parse_bounds
from ezprivsecfl.compiler.options import DEFAULT_CLIENTS, Declared, Options
from ezprivsecfl.compiler.passes.bounds import fitting
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.program_file import execute, load_code
from ezprivsecfl.progress import progress
from ezprivsecfl.report import Report
from ezprivsecfl.runtime.artefact import write_tree

GUARD = "put what it does when it is run below: if __name__ == '__main__'"
KINDS = ("tensor", "mpc", "cpp", "circuits")


def compile_command(options: argparse.Namespace) -> int:
    """Carries out the command."""
    kinds = [k.strip() for k in options.emit.split(",") if k.strip()]
    unknown = [k for k in kinds if k not in KINDS]
    if unknown:
        raise CompileError(f"--emit {','.join(unknown)}: choose from {', '.join(KINDS)}")
    file, _, name = options.program.partition(".py:")
    path = Path(f"{file}.py" if name else options.program)
    bounds = parse_bounds(options.bound)
    backend = chosen_backend(options)
    backend.check()
    sources = _read_text(path) if path.suffix == ".ir" else _find_in_file(path, name)
    if sources is None:
        return EXIT_PROGRAM
    programs, errors = _traced(sources)
    if not errors:
        check_bounds_fit(bounds, programs)
    folder = options.output or path.with_suffix(".ez")
    clients = DEFAULT_CLIENTS if options.clients is None else options.clients
    for called, program in programs.items():
        try:
            with progress(f"compiling {called}"):
                chosen = Options(
                    clients,
                    options.relu,
                    options.norms,
                    fitting(bounds, program),
                    scale=options.scale,
                    on_bad_client=options.on_bad_client,
                    min_clients=options.min_clients,
                )
                compiled = compile_program(program, chosen)
            lowered = backend.lower(compiled)
            report = Report(lowered)
            write(lowered, {"report.txt": f"{report}\n"}, folder / called, kinds)
            if isinstance(lowered, LoweredForServers) and {"cpp", "circuits"} <= set(kinds):
                with progress(f"building {called}"):
                    lowered.build(folder / called)
        except CompileError as e:
            errors[called] = e
            continue
        print(report)
        if options.cost:
            print(lowered.cost(clients, options.cost))
        print(f"  Written to {folder / called}")
    return _reported(errors, total=len(sources))


def _reported(errors: Mapping[str, CompileError], total: int) -> int:
    """Says what could not be compiled, after what could."""
    if total == 1:
        for error in errors.values():
            raise error
    sys.stdout.flush()
    for called, error in errors.items():
        print(f"ezcompile: {called} cannot be compiled: {error}", file=sys.stderr)
    return EXIT_COMPILE if errors else EXIT_DONE


def check_bounds_fit(bounds: Mapping[str, Declared], programs: Mapping[str, Program]) -> None:
    """Raises CompileError for a bound that no program has a parameter for."""
    used = {key for program in programs.values() for key in fitting(bounds, program)}
    unused = sorted(set(bounds) - used)
    if unused:
        known = sorted({op.path for program in programs.values() for op in program.of(Input)})
        raise CompileError(f"--bound {unused[0]}=...: no such parameter; there are {', '.join(known)}")


Sources = dict[str, Callable[[], Program]]
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
    return {program.name: lambda: program}


def _find_in_file(path: Path, name: str) -> Sources | None:
    """Finds the aggregations of a program file; None if the program itself failed."""
    load_code(path)  # what is no program is refused before TFF's long import
    with progress("importing TensorFlow Federated"):
        from ezprivsecfl.frontends.tff import find_computations, install_source_tracking, trace
        from ezprivsecfl.secure_context import leave_to_tff
    install_source_tracking()
    leave_to_tff()  # for programs that call something as they are imported
    try:
        namespace = execute(path, [], name="__ezcompile__")
    except CompileError:
        raise
    except SystemExit as e:
        print(f"ezcompile: {path} ended itself while it was imported (exit code {e.code}); {GUARD}", file=sys.stderr)
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
            "parameter, or a tff.templates.AggregationProcess"
        )
    chosen = {name: found[name]} if name else found

    def source(called: str) -> Callable[[], Program]:
        return lambda: trace(chosen[called], called).program

    return {called: source(called) for called in chosen}


def _traced(sources: Sources) -> tuple[dict[str, Program], dict[str, CompileError]]:
    """Traces what can be traced; the rest comes with its error."""
    programs: dict[str, Program] = {}
    errors: dict[str, CompileError] = {}
    for called, source in sources.items():
        try:
            programs[called] = source()
        except CompileError as e:
            errors[called] = e
    return programs, errors


def print_program_error(error: BaseException) -> None:
    """The user's own traceback, as Python prints it, without our frames."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").startswith("ezprivsecfl"):
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames, file=sys.stderr)


def write(lowered: Lowered, always: Mapping[str, str], folder: Path, kinds: list[str]) -> None:
    """Writes the chosen artefacts of one program."""
    tree = dict(always)
    if "tensor" in kinds:
        tree["tensor.ir"] = print_program(lowered.compiled.tensor)
        tree["optimised.ir"] = print_program(lowered.compiled.optimised)
    if "mpc" in kinds:
        tree["mpc.ir"] = print_program(lowered.secure)
    for path, text in lowered.sources().items():
        circuit = path.startswith("circuits/")
        if ("circuits" if circuit else "cpp") in kinds:
            tree[path] = text
    try:
        write_tree(tree, folder)
    except OSError as e:
        raise CompileError(f"cannot write to {folder}: {e.strerror}") from None
