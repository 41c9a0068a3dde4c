"""Compiles the aggregations of a program file and writes what was asked for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from ezprivsecfl.backends.base import Backend, Lowered, LoweredForServers
from ezprivsecfl.backends.tree import SECURE
from ezprivsecfl.cli import exits
from ezprivsecfl.cli.sources import TracedProgram, check_parameters, find_sources, reported, traced
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.drawing.dot import dot_text
from ezprivsecfl.drawing.graph import graph_of, graph_svg
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.text import print_program
from ezprivsecfl.progress import progress
from ezprivsecfl.report import Report
from ezprivsecfl.report.facts import facts_of
from ezprivsecfl.runtime.artefact import write_tree


def compile_file(arguments: argparse.Namespace, kinds: Sequence[str], options: Options, backend: Backend) -> int:
    """Carries out ``ezcompile PROGRAM.py``; returns the exit code.

    Args:
        arguments: As parsed.
        kinds: Of artefacts that are written.
        options: What programs are compiled with.
        backend: Where they would run.
    """
    backend.check()
    path, sources = find_sources(arguments.program, options)
    if sources is None:
        return exits.PROGRAM
    programs, errors = traced(sources)
    if arguments.boundary:
        _print_boundaries(programs)
        return reported(errors, total=len(sources))
    if not errors:
        check_parameters(options, programs)
    for called, one in programs.items():
        folder = (arguments.output or path.with_suffix(".ez")) / called
        try:
            with progress(f"compiling {called}"):
                first = one.compile(options, backend)
                lowered = first.lowered
            report = Report(facts_of(lowered, one.boundary, of_initial_state=first.of_initial_state))
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
    return reported(errors, total=len(sources))


def _print_boundaries(programs: Mapping[str, TracedProgram]) -> None:
    for called, one in programs.items():
        print(called)
        for statement in one.boundary or ["In the clear: nothing is known of, in a program in text form"]:
            print(f"  {statement}")


def _write(lowered: Lowered, report: Report, folder: Path, kinds: Sequence[str]) -> None:
    """Writes the chosen artefacts of one program."""
    tree = {"report.txt": f"{report}\n"}
    if "tensor" in kinds:
        tree["tensor.ir"] = print_program(lowered.compiled.tensor)
        tree["optimised.ir"] = print_program(lowered.compiled.optimised)
    if "mpc" in kinds:
        tree["mpc.ir"] = print_program(lowered.secure)
    graph = graph_of(lowered.secure)
    if "dot" in kinds:
        tree["graph.dot"] = dot_text(graph)
    if "svg" in kinds:
        tree["graph.svg"] = graph_svg(graph, alone=True)
    for path, text in lowered.sources().items():
        if not _kinds_of(path).isdisjoint(kinds):
            tree[path] = text
    try:
        write_tree(tree, folder)
    except OSError as e:
        raise CompileError(f"cannot write to {folder}: {e.strerror}") from None


def _kinds_of(path: str) -> set[str]:
    """What a file of the emitted sources belongs to."""
    if path.startswith("circuits/"):
        return {"circuits"}
    return {"mpc", "cpp"} if path == SECURE else {"cpp"}
