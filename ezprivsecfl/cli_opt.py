"""``ezcompile opt FILE.ir``: runs passes on a program in text form and prints the result."""

from __future__ import annotations

import argparse

from ezprivsecfl.backends import registry
from ezprivsecfl.cli import EXIT_DONE, parse_bounds
from ezprivsecfl.compiler.options import DEFAULT_CLIENTS, Options
from ezprivsecfl.compiler.passes.bounds import fitting
from ezprivsecfl.compiler.pipeline import all_passes
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.passes import Pass, pass_name, run_passes
from ezprivsecfl.ir.text import parse_program, print_program


def opt_command(options: argparse.Namespace) -> int:
    """Carries out the command."""
    if options.list:
        print("\n".join(_described(name, one) for name, one in known_passes(Options()).items()))
        return EXIT_DONE
    if options.program is None:
        raise CompileError("opt takes a program in text form, as in: ezcompile opt FILE.ir")
    try:
        text = options.program.read_text("utf-8")
    except OSError as e:
        raise CompileError(f"cannot read {options.program}: {e.strerror}") from None
    program = parse_program(text, str(options.program))
    clients = options.clients or program.max_clients or DEFAULT_CLIENTS
    bounds = fitting(parse_bounds(options.bound), program)
    print(
        print_program(
            run_passes(program, _chosen(Options(clients, options.relu, options.norms, bounds), options.passes))
        ),
        end="",
    )
    return EXIT_DONE


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
