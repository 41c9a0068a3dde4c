"""Which of the engine's transforms lattice encryption computes with: option ``--transform``."""

from __future__ import annotations

import argparse
import os


def add_transform(parser: argparse.ArgumentParser) -> None:
    """Declares the option."""
    parser.add_argument(
        "--transform",
        metavar="NAME",
        help="what lattice encryption computes with: ifma, avx2, neon or portable; by default the fastest",
    )


def use_transform(options: argparse.Namespace) -> None:
    """Has this process and all that it starts use the chosen one, and prints which it is."""
    if options.transform:
        os.environ["DUET_TRANSFORM"] = options.transform
    from ezprivsecfl.runtime import _duet

    try:
        print(f"lattice encryption with the transform {_duet.cpu_features()['transform']}", flush=True)
    except _duet.Error as e:
        raise SystemExit(str(e)) from None
