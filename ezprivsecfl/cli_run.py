"""``ezcompile run PROGRAM.py``: runs a program; its aggregations are computed by two servers."""

from __future__ import annotations

import argparse
import json
import math
import sys
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ezprivsecfl.cli import EXIT_DONE, EXIT_INTERRUPTED, EXIT_PROGRAM, EXIT_RUN, chosen_backend, parse_bounds
from ezprivsecfl.cli_compile import print_program_error
from ezprivsecfl.errors import CompileError, DroppedClientWarning, EzError, PrecisionWarning
from ezprivsecfl.program_file import execute, load_code
from ezprivsecfl.progress import progress
from ezprivsecfl.runtime.statistics import Statistics, dropped_text, imprecise_text, size_text

TOLERANCE = 1e-3
"""Relative error above which ``--check`` fails."""


@dataclass
class Recorder:
    """Keeps the statistics of every call; compares results with TFF's own if asked to."""

    check: bool
    calls: list[Statistics] = field(default_factory=list)
    wrong: bool = False

    def __call__(self, program: Any, computation: Any, argument: Any, result: Any) -> None:
        """Told after every call."""
        statistics = program.last_statistics
        for one in statistics.dropped:
            say(f"{statistics.computation}: dropped {dropped_text(one)}")
        for one in statistics.imprecise:
            say(f"{statistics.computation}: {imprecise_text(one)}")
        if self.check:
            from ezprivsecfl.frontends.tff import reference_context

            if statistics.dropped:
                say(f"{statistics.computation}: compared with TFF's result for the {statistics.clients} other clients")
                dropped = [one["client"] for one in statistics.dropped]
                argument = program.traced.signature.without(argument, dropped)
            with progress(f"computing {statistics.computation} in TFF, too"):
                expected = reference_context().invoke(computation, argument)
            errors = relative_errors(result, expected)
            for output, error in errors.items():
                if error > TOLERANCE:
                    self.wrong = True
                    say(
                        f"call {len(self.calls) + 1}, of {statistics.computation}: {output} differs from TFF's by a "
                        f"relative error of {error:.1e}, more than {TOLERANCE:g}"
                    )
            statistics = replace(statistics, max_relative_error=max(errors.values(), default=0.0))
        self.calls.append(statistics)


def relative_errors(result: Any, expected: Any) -> dict[str, float]:
    """For every output, L-infinity of the difference over L-infinity of the reference.

    Where the reference is zero everywhere, the absolute difference counts. An infinity or NaN must be the same in both;
    otherwise the error is infinite.
    """
    import tree

    got, wanted = tree.flatten_with_path(_plain(result)), tree.flatten(_plain(expected))
    return {
        "/".join(("result", *map(str, path))): _error(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        for (path, x), y in zip(got, wanted, strict=True)
    }


def _error(got: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    finite = np.isfinite(reference)
    if not np.array_equal(got[~finite], reference[~finite], equal_nan=True) or not np.isfinite(got[finite]).all():
        return math.inf
    difference = float(np.max(np.abs(got[finite] - reference[finite]), initial=0.0))
    scale = float(np.max(np.abs(reference[finite]), initial=0.0))
    return difference / scale if scale > 0 else difference


def _plain(value: Any) -> Any:
    """TFF's structures as tuples, which flatten in order."""
    import tensorflow_federated as tff

    if isinstance(value, tff.structure.Struct):
        return tuple(_plain(v) for v in value)
    return value


def run_command(options: argparse.Namespace) -> int:
    """Carries out the command."""
    bounds = parse_bounds(options.bound)
    load_code(options.program)
    backend = chosen_backend(options)
    backend.check()
    if options.report:
        write_report(options.report, [])  # a report that cannot be written must not cost a whole run
    with progress("importing TensorFlow Federated"):
        from ezprivsecfl.context_guard import guarded
        from ezprivsecfl.frontends.tff import install_source_tracking
        from ezprivsecfl.secure_context import SecureRunner
    recorder = Recorder(options.check)
    install_source_tracking()
    runner = SecureRunner(
        backend,
        options.relu,
        options.norms,
        bounds,
        options.clients,
        options.scale,
        observer=recorder,
        progress=progress,
        on_bad_client=options.on_bad_client,
        min_clients=options.min_clients,
    )
    for said_by_the_recorder in (PrecisionWarning, DroppedClientWarning):
        warnings.simplefilter("ignore", said_by_the_recorder)
    if options.cost:
        runner.announce = lambda variant, clients: print(variant.cost(options.cost, clients), file=sys.stderr)
    try:
        with guarded(runner, say):
            code = _run(options)
    finally:
        sys.stdout.flush()
        if recorder.calls:
            print_summary(recorder.calls, check=options.check)
        if options.report:
            write_report(options.report, recorder.calls)
    if code == EXIT_DONE and not recorder.calls:
        say("the program called no aggregation")
    elif code == EXIT_DONE and runner.unused_bounds():
        say(f"--bound: no aggregation that ran has a parameter {', '.join(runner.unused_bounds())}")
    return EXIT_RUN if code == EXIT_DONE and recorder.wrong else code


def say(what: str) -> None:
    """A message to the user, apart from the program's own output."""
    print(f"ezcompile: {what}", file=sys.stderr)


def _run(options: argparse.Namespace) -> int:
    """Runs the program; errors of this package pass, the program's own become exit codes."""
    try:
        execute(options.program, options.arguments, name="__main__")
    except EzError:
        raise
    except SystemExit as e:
        return _exit_code(e)
    except KeyboardInterrupt as e:
        print_program_error(e)
        return EXIT_INTERRUPTED
    except BaseException as e:
        print_program_error(e)
        return EXIT_PROGRAM
    return EXIT_DONE


def _exit_code(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or EXIT_DONE
    print(end.code, file=sys.stderr)
    return EXIT_PROGRAM


def write_report(path: Path, calls: list[Statistics]) -> None:
    """Writes the JSON report."""
    try:
        path.write_text(json.dumps([c.to_json() for c in calls], indent=2) + "\n")
    except OSError as e:
        raise CompileError(f"cannot write the report {path}: {e.strerror}") from None


def print_summary(calls: list[Statistics], *, check: bool) -> None:
    """A table with one row per call, on stderr."""
    console = Console(stderr=True, width=None if sys.stderr.isatty() else 160)
    table = Table(
        "computation", "clients", "dropped", "sent", "rounds", "compile s", "setup s", "online s", "CPU s", "MB memory"
    )
    if check:
        table.add_column("error")
    for c in calls:
        row = [
            c.computation,
            str(c.clients),
            str(len(c.dropped)),
            " + ".join(size_text(b) for b in c.bytes_sent),
            str(c.rounds),
            f"{c.compile_seconds:.2f}",
            f"{c.setup_seconds:.3f}",
            f"{c.online_seconds:.3f}",
            " + ".join(f"{s:.2f}" for s in c.cpu_seconds),
            " + ".join(f"{b / 1e6:.0f}" for b in c.peak_memory_bytes),
        ]
        if check:
            row.append("-" if c.max_relative_error is None else f"{c.max_relative_error:.1e}")
        table.add_row(*row)
    console.print(table)
