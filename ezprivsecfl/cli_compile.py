"""``ezcompile PROGRAM.py``: compiles the aggregations of a program and writes the artefacts."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path

from ezprivsecfl.cli import EXIT_DONE, EXIT_PROGRAM, parse_bounds
from ezprivsecfl.compiler.options import DEFAULT_CLIENTS, Options
from ezprivsecfl.compiler.pipeline import Compiled, compile_program
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.program import Level, Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.program_file import execute
from ezprivsecfl.progress import progress
from ezprivsecfl.report import Report

KINDS = ("tensor", "mpc", "cpp", "circuits")


def compile_command(options: argparse.Namespace) -> int:
    """Carries out the command."""
    kinds = [k.strip() for k in options.emit.split(",") if k.strip()]
    unknown = [k for k in kinds if k not in KINDS]
    if unknown:
        raise CompileError(f"--emit {','.join(unknown)}: choose from {', '.join(KINDS)}")
    file, _, name = options.program.partition(".py:")
    path = Path(f"{file}.py" if name else options.program)
    programs = _read_text(path) if path.suffix == ".ir" else _trace_file(path, name)
    if programs is None:
        return EXIT_PROGRAM
    bounds = parse_bounds(options.bound)
    check_bounds_fit(bounds, programs)
    folder = options.output or path.with_suffix(".ez")
    for called, program in programs.items():
        wanted = Options(options.clients or DEFAULT_CLIENTS, options.relu, fitting(bounds, program))
        with progress(f"compiling {called}"):
            compiled = compile_program(program, wanted)
        write(compiled, folder / called, kinds)
        if options.backend == "duet" and "cpp" in kinds:
            _build(compiled)
        print(Report(compiled))
        print(f"  Written to {folder / called}")
    return EXIT_DONE


def fitting(bounds: Mapping[str, float], program: Program) -> dict[str, float]:
    """The declared bounds that name a parameter of this program."""
    paths = [op.path for op in program.of(Input)]
    return {k: v for k, v in bounds.items() if not k or any(p == k or p.startswith(f"{k}/") for p in paths)}


def check_bounds_fit(bounds: Mapping[str, float], programs: Mapping[str, Program]) -> None:
    """Raises CompileError for a bound that no program has a parameter for."""
    used = {key for program in programs.values() for key in fitting(bounds, program)}
    unused = sorted(set(bounds) - used)
    if unused:
        known = sorted({op.path for program in programs.values() for op in program.of(Input)})
        raise CompileError(f"--bound {unused[0]}=...: no such parameter; there are {', '.join(known)}")


def _read_text(path: Path) -> dict[str, Program]:
    try:
        text = path.read_text()
    except OSError as e:
        raise CompileError(f"cannot read {path}: {e.strerror}") from None
    program = parse_program(text, str(path))
    if program.level is not Level.TENSOR:
        raise CompileError(f"{path} is an mpc program; only tensor programs can be compiled")
    return {program.name: program}


def _trace_file(path: Path, name: str) -> dict[str, Program] | None:
    """Traces the aggregations of a program file; None if the program itself failed."""
    if not path.exists():
        raise CompileError(f"cannot read {path}: No such file or directory")
    with progress("importing TensorFlow Federated"):
        from ezprivsecfl.frontends.tff import find_computations, install_source_tracking, trace
    install_source_tracking()
    try:
        namespace = execute(path, [], name="__ezcompile__")
    except CompileError:
        raise
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
    return {called: trace(computation, called).program for called, computation in chosen.items()}


def print_program_error(error: BaseException) -> None:
    """The user's own traceback, as Python prints it, without our frames."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").startswith("ezprivsecfl"):
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames, file=sys.stderr)


def write(compiled: Compiled, folder: Path, kinds: list[str]) -> None:
    """Writes the chosen artefacts of one program."""
    from ezprivsecfl.backends.duet.build import write_tree
    from ezprivsecfl.backends.duet.emit import emit

    tree = {"report.txt": f"{Report(compiled)}\n"}
    if "tensor" in kinds:
        tree["tensor.ir"] = print_program(compiled.tensor)
        tree["optimised.ir"] = print_program(compiled.optimised)
    if "mpc" in kinds:
        tree["mpc.ir"] = print_program(compiled.secure)
    for path, text in emit(compiled).items():
        circuit = path.startswith("circuits/")
        if ("circuits" if circuit else "cpp") in kinds:
            tree[path] = text
    write_tree(tree, folder)


def _build(compiled: Compiled) -> None:
    from ezprivsecfl.backends.duet.build import build
    from ezprivsecfl.backends.duet.emit import emit

    with progress(f"building {compiled.name}"):
        build(emit(compiled))
