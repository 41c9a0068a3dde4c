"""TFF's own aggregators on two servers: traffic, rounds, processor time, and how far the result is from TFF's.

    uv run python benchmarks/tff_aggregators.py [--clients 30] [--size 3372] [--only mean robust] [--page docs/tff.md]

Each takes vectors of ``size`` float32 entries (integers where it needs them) and runs two rounds, each from the state
that TFF itself has by then; a process of its own for each. Bytes and rounds are exact and of the second round, without
what a session needs once. The error is the largest of any tensor of state, result and measurements, relative to TFF's
largest entry; with random numbers of the clients' or the servers' own there is nothing to compare with.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow_federated as tff
from tables import head_text, megabytes, replace_section, row_text, significant

import ezprivsecfl as ez
from ezprivsecfl.cli.comparison import relative_errors
from ezprivsecfl.errors import EzError
from ezprivsecfl.frontends.tff import reference_context

HEADINGS = ["TFF's aggregator", "MB", "rounds", "CPU s", "error"]
AGGREGATORS = tff.aggregators
LEARNING = tff.learning


@dataclass(frozen=True)
class Case:
    """One aggregator.

    Args:
        factory: Makes it.
        weighted: Whether clients have weights.
        integers: Whether it takes integers.
        random: Whether its results are random.
    """

    factory: Callable[[], Any]
    weighted: bool = False
    integers: bool = False
    random: bool = False

    def process(self, size: int) -> Any:
        """The aggregation process for vectors."""
        value = tff.TensorType(np.int32 if self.integers else np.float32, [size])
        return (
            self.factory().create(value, tff.TensorType(np.float32)) if self.weighted else self.factory().create(value)
        )


def moving_norm() -> Any:
    """An estimate of the median length, as clipping and zeroing follow it."""
    return AGGREGATORS.PrivateQuantileEstimationProcess.no_noise(1.0, 0.5, 0.2)


CASES: dict[str, Case] = {
    "SumFactory": Case(AGGREGATORS.SumFactory),
    "MeanFactory": Case(AGGREGATORS.MeanFactory, weighted=True),
    "UnweightedMeanFactory": Case(AGGREGATORS.UnweightedMeanFactory),
    "clipping_factory, fixed": Case(lambda: AGGREGATORS.clipping_factory(1.0, AGGREGATORS.UnweightedMeanFactory())),
    "clipping_factory, adaptive": Case(
        lambda: AGGREGATORS.clipping_factory(moving_norm(), AGGREGATORS.UnweightedMeanFactory())
    ),
    "zeroing_factory, adaptive": Case(
        lambda: AGGREGATORS.zeroing_factory(moving_norm(), AGGREGATORS.UnweightedMeanFactory())
    ),
    "SecureSumFactory, fixed range": Case(lambda: AGGREGATORS.SecureSumFactory(1.0, -1.0)),
    "SecureSumFactory, adaptive range": Case(lambda: AGGREGATORS.SecureSumFactory(moving_norm())),
    "SecureModularSumFactory": Case(lambda: AGGREGATORS.SecureModularSumFactory(1 << 20), integers=True),
    "EncodedSumFactory, quantised": Case(
        lambda: AGGREGATORS.EncodedSumFactory.quantize_above_threshold(quantization_bits=8, threshold=1000), random=True
    ),
    "HadamardTransformFactory": Case(lambda: AGGREGATORS.HadamardTransformFactory(AGGREGATORS.SumFactory())),
    "DiscreteFourierTransformFactory": Case(
        lambda: AGGREGATORS.DiscreteFourierTransformFactory(AGGREGATORS.SumFactory())
    ),
    "DifferentiallyPrivateFactory, fixed": Case(
        lambda: AGGREGATORS.DifferentiallyPrivateFactory.gaussian_fixed(0.5, 30.0, 1.0), random=True
    ),
    "DifferentiallyPrivateFactory, adaptive": Case(
        lambda: AGGREGATORS.DifferentiallyPrivateFactory.gaussian_adaptive(0.5, 30.0), random=True
    ),
    "DifferentialPrivacy, distributed (ddp_secure_aggregator)": Case(
        lambda: LEARNING.ddp_secure_aggregator(0.5, 30), random=True
    ),
    "robust_aggregator": Case(LEARNING.robust_aggregator, weighted=True),
    "compression_aggregator": Case(LEARNING.compression_aggregator, weighted=True, random=True),
    "secure_aggregator": Case(LEARNING.secure_aggregator, weighted=True),
    "dp_aggregator": Case(lambda: LEARNING.dp_aggregator(0.5, 30.0), random=True),
}


def values_for(case: Case, clients: int, size: int) -> list[Any]:
    """Vectors with entries of about 0.05, or integers within 100; and weights if it has some."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(-100, 100, (clients, size)) if case.integers else rng.normal(0, 0.05, (clients, size))
    values = list(drawn.astype(np.int32 if case.integers else np.float32))
    return [values, list(rng.integers(20, 600, clients).astype(np.float32))] if case.weighted else [values]


def measure(name: str, clients: int, size: int) -> list[str]:
    """The row of one aggregator, or why there is none."""
    case, reference = CASES[name], reference_context()
    tff.framework.set_default_context(reference)
    process = case.process(size)
    values = values_for(case, clients, size)
    try:
        program = ez.compile(process, clients=clients, name="aggregator")
        state, error = process.initialize(), 0.0
        for _ in range(2):
            result, expected = program.run(state, *values), process.next(state, *values)
            error = max([error, *relative_errors(result, expected).values()])
            state = expected.state
    except EzError as e:
        return [name, *[""] * (len(HEADINGS) - 2), str(e).strip().splitlines()[-1].strip()]
    s = program.last_statistics
    assert s is not None
    shown = "random" if case.random else f"{error:.0e}"
    return [name, megabytes(sum(s.bytes_sent)), str(s.rounds), significant(max(s.cpu_seconds)), shown]


def main() -> None:
    """Prints the table, and puts it into a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--size", type=int, default=3372)
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="NAME", help="those with one of these in their names"
    )
    parser.add_argument("--page", type=Path, help="put the table between this page's marks 'aggregators'")
    parser.add_argument("--row", choices=CASES, help="print one row only")
    options = parser.parse_args()
    if options.row:
        print(row_text(measure(options.row, options.clients, options.size)))
        return
    lines = [head_text(HEADINGS)]
    print(lines[0], flush=True)
    for name in CASES:
        if not any(part.lower() in name.lower() for part in options.only):
            continue
        row = ["--row", name, "--clients", str(options.clients), "--size", str(options.size)]
        done = subprocess.run(
            [sys.executable, __file__, *row], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        ended = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines() or ["ended without a word"]
        lines.append(ended[-1] if done.returncode == 0 else row_text([name, "", "", "", f"failed: {ended[-1]}"]))
        print(lines[-1], flush=True)
    if options.page:
        replace_section(options.page, "aggregators", "\n".join(lines))


if __name__ == "__main__":
    main()
