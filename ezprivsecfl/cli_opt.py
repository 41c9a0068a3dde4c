"""``ezcompile opt FILE.ir``: runs passes of the tensor level on a program in text form and prints the result."""

from __future__ import annotations

import argparse

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
        print("\n".join(dict.fromkeys(_described(one) for one in all_passes(Options()))))
        return EXIT_DONE
    if options.program is None:
        raise CompileError("opt takes a tensor program in text form, as in: ezcompile opt FILE.ir")
    try:
        text = options.program.read_text("utf-8")
    except OSError as e:
        raise CompileError(f"cannot read {options.program}: {e.strerror}") from None
    program = parse_program(text, str(options.program))
    clients = options.clients or program.max_clients or DEFAULT_CLIENTS
    bounds = fitting(parse_bounds(options.bound), program)
    passes = all_passes(Options(clients, options.relu, options.norms, bounds))
    print(print_program(run_passes(program, _chosen(passes, options.passes))), end="")
    return EXIT_DONE


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
