"""Arguments that several commands take, and what they stand for.

The compiler and back ends take a while to import, so only functions that need them do: an option or a value of one that
does not exist is answered before.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ezprivsecfl.backends.network import MEASURED, NETWORKS
from ezprivsecfl.backends.registry import choose, named
from ezprivsecfl.compiler import grammar
from ezprivsecfl.compiler.choices import (
    BY_ROUND,
    DROP,
    EACH,
    MIN_CLIENTS,
    NOISE,
    ON_BAD_CLIENT,
    PROVED_ENTRIES,
    SCALES,
    SHARE_WIDTHS,
)
from ezprivsecfl.errors import CompileError
from ezprivsecfl.ir.widths import SHARE_BITS

if TYPE_CHECKING:
    from ezprivsecfl.backends.base import Backend
    from ezprivsecfl.compiler.accounting import Accounting
    from ezprivsecfl.compiler.options import Options


def add_passes(parser: argparse.ArgumentParser) -> None:
    """What the passes of the tensor level depend on."""
    parser.add_argument(
        "--relu",
        type=grammar.relu_degree,
        metavar="KIND",
        help="exact (default), or poly:DEGREE for a polynomial",
    )
    parser.add_argument(
        "--norms",
        type=grammar.sketch_sums,
        metavar="KIND",
        help="exact (default), or sketch:K: estimate norms of longer vectors from K random sums, with a small error",
    )
    parser.add_argument(
        "--noise",
        choices=NOISE,
        default=EACH,
        help="noise that the server adds: each server's part is as large as the program says (each, the default), so "
        "that it protects from the other server, too, or 1/√2 of it (joint)",
    )
    parser.add_argument(
        "--bound",
        type=grammar.bound,
        action="append",
        default=[],
        metavar="[PARAMETER=]B",
        help="entries x of a parameter (default: of all CLIENTS parameters) satisfy |x| < B, or LO <= x < HI if B is "
        "LO:HI; may be repeated",
    )
    parser.add_argument(
        "--proofs",
        choices=("on", "off"),
        default="on",
        help="clients prove to the servers that their values are within bounds (on, the default): every entry of "
        f"parameters of up to {PROVED_ENTRIES} entries, the L2 norm of others; or they only say so (off)",
    )
    parser.add_argument(
        "--share-bits",
        type=int,
        choices=SHARE_WIDTHS,
        default=SHARE_BITS,
        help="bits of the shares of clients' values: 80 (the default), or more where values are so large that these "
        "tell too much; or exactly 64 or 72, for less to upload; the report says what each tells",
    )
    parser.add_argument(
        "--norm-bound",
        type=grammar.norm_bound,
        action="append",
        default=[],
        metavar="[PARAMETER=]R",
        help=f"the L2 norm of one client's entries of a parameter of more than {PROVED_ENTRIES} (default: of every one "
        "that there is) is at most R; may be repeated",
    )
    parser.add_argument(
        "--binary",
        action="append",
        default=[],
        metavar="PARAMETER",
        help="all entries of a parameter of the clients are 0 or 1, as in flags and histograms; may be repeated",
    )
    parser.add_argument(
        "--one-hot",
        action="append",
        default=[],
        metavar="PARAMETER",
        help="the same, and along its last axis exactly one entry is 1, as in votes; may be repeated",
    )


def chosen_for_passes(arguments: argparse.Namespace, clients: int) -> Options:
    """What the arguments of ``add_passes`` stand for; raises CompileError if there is no such choice.

    Args:
        arguments: As parsed.
        clients: The largest number of clients of a round.
    """
    from ezprivsecfl.compiler.binary_parameters import BinaryParameters
    from ezprivsecfl.compiler.norm_bounds import NormBounds
    from ezprivsecfl.compiler.options import Norms, Options, Relu
    from ezprivsecfl.compiler.parameter_bounds import ParameterBounds

    return Options(
        clients=clients,
        relu=Relu(arguments.relu),
        norms=Norms(arguments.norms),
        bounds=ParameterBounds.of(dict(arguments.bound)),
        noise=arguments.noise,
        proofs=arguments.proofs == "on",
        share_bits=arguments.share_bits,
        norm_bounds=NormBounds.of(dict(arguments.norm_bound)),
        binary=BinaryParameters.of(arguments.binary, arguments.one_hot),
    )


def add_rounds(parser: argparse.ArgumentParser) -> None:
    """What rounds a program is compiled for."""
    parser.add_argument(
        "--scale",
        choices=SCALES,
        default=BY_ROUND,
        help="formats follow the magnitudes that the clients of a round declare, up to the bounds (declared, the "
        "default), or the bounds alone (fixed)",
    )
    parser.add_argument(
        "--on-bad-client",
        choices=ON_BAD_CLIENT,
        default=DROP,
        help="leave a client whose values cannot be used out of the round and name it (drop, the default), or let it "
        "fail the round",
    )
    parser.add_argument(
        "--min-clients",
        type=int,
        default=MIN_CLIENTS,
        metavar="N",
        help=f"smallest number of clients of a round (default {MIN_CLIENTS}); smaller rounds are refused",
    )
    parser.add_argument(
        "--server-input",
        type=grammar.server_input,
        action="append",
        default=[],
        metavar="PARAMETER=WHO",
        help="who knows a parameter of the server, or a part of it: public (both servers, the default), server0 or "
        "server1 (that one alone), or shared (neither: a third party shares it between them); may be repeated",
    )


def chosen_options(arguments: argparse.Namespace, clients: int) -> Options:
    """The same for the arguments of ``add_passes`` and ``add_rounds``."""
    from ezprivsecfl.compiler.server_inputs import ServerInputs

    return replace(
        chosen_for_passes(arguments, clients),
        scale=arguments.scale,
        on_bad_client=arguments.on_bad_client,
        min_clients=arguments.min_clients,
        server_inputs=ServerInputs.of(dict(arguments.server_input)),
    )


def add_accounting(parser: argparse.ArgumentParser) -> None:
    """What the report computes epsilon for."""
    parser.add_argument("--dp-delta", type=float, metavar="D", help="report epsilon for this delta, such as 1e-5")
    parser.add_argument("--dp-rounds", type=int, default=1, metavar="N", help="for N rounds (default 1)")
    parser.add_argument(
        "--dp-sampling", type=float, default=1.0, metavar="Q", help="in which a client takes part with probability Q"
    )
    parser.add_argument(
        "--dp-sensitivity", type=float, metavar="S", help="and changes what gets noise by S at most (a clipping bound)"
    )
    parser.add_argument(
        "--dp-noise-multiplier", type=float, metavar="Z", help="or: the standard deviation is Z times the sensitivity"
    )


def chosen_accounting(arguments: argparse.Namespace) -> Accounting | None:
    """What the arguments of ``add_accounting`` stand for; raises CompileError if there is no such choice."""
    if arguments.dp_delta is None:
        return None
    from ezprivsecfl.compiler.accounting import Accounting

    return Accounting(
        arguments.dp_delta,
        arguments.dp_rounds,
        arguments.dp_sampling,
        arguments.dp_sensitivity,
        arguments.dp_noise_multiplier,
    )


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Where programs run, and how; ``link`` is None for commands that run nothing."""
    parser.add_argument(
        "--backend",
        type=lambda name: named(name).name,
        metavar="NAME",
        default="duet",
        help="two servers with the embedded engine (duet, the default) or with MOTION2NX (motion2nx), exact simulation "
        "(plain), or a back end that another package has registered",
    )
    add_motion2nx(parser)
    parser.add_argument("--arithmetic", choices=("gmw", "beavy"), help="MOTION2NX's arithmetic protocol (default gmw)")
    parser.add_argument(
        "--cost",
        nargs="?",
        const="lan",
        choices=(*NETWORKS, MEASURED),
        metavar="NETWORK",
        help="print what every operation costs on Duet, with seconds for a network: lan (default), wan or measured",
    )
    parser.add_argument(
        "--products",
        type=partial(_at_line, "--products"),
        action="append",
        default=[],
        metavar="[LINE=]METHOD",
        help="for experiments: how Duet computes products at a line, or all: auto, transfer, lattice or shares",
    )
    parser.add_argument(
        "--circuits",
        type=partial(_at_line, "--circuits"),
        action="append",
        default=[],
        metavar="[LINE=]DOMAIN",
        help="for experiments: where Duet evaluates circuits, at a line or all: auto, yao (garbled), boolean (shares)",
    )
    parser.add_argument(
        "--network",
        choices=(*NETWORKS, MEASURED),
        metavar="NETWORK",
        help="the network, lan, wan or measured, for which Duet chooses garbled circuits or Boolean shares (default "
        "lan, or what --link says)",
    )
    parser.set_defaults(link=None)


def add_motion2nx(parser: argparse.ArgumentParser) -> None:
    """Where MOTION2NX is."""
    parser.add_argument(
        "--motion2nx", type=Path, metavar="DIR", help="a built MOTION2NX tree (default: $EZ_MOTION2NX_DIR)"
    )


def chosen_backend(arguments: argparse.Namespace) -> Backend:
    """The back end that the arguments of ``add_backend`` describe; raises CompileError if there is no such."""
    return choose(
        arguments.backend,
        directory=arguments.motion2nx,
        arithmetic=arguments.arithmetic,
        products=dict(arguments.products),
        circuits=dict(arguments.circuits),
        network=arguments.network,
        link=arguments.link,
    )


def _at_line(option: str, text: str) -> tuple[int, str]:
    """A choice for a line, 0 for all others; raises CompileError if the line is not a number."""
    line, _, choice = text.rpartition("=")
    if line and not line.isdecimal():
        raise CompileError(f"{option} {text}: expected [LINE=]CHOICE, with the number of a line")
    return int(line or 0), choice


def command_parser(prog: str, *, description: str, examples: str, usage: str | None = None) -> argparse.ArgumentParser:
    """A command's parser without arguments; texts keep their lines, and no option may be abbreviated.

    Args:
        prog: The command.
        description: What it does.
        examples: Shown after the arguments.
        usage: In place of what argparse makes of the arguments.
    """
    return argparse.ArgumentParser(
        prog,
        usage=usage,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_about(parser: argparse.ArgumentParser, verbose: str = "also print where an error was raised") -> None:
    """What every command takes.

    Args:
        parser: The command's.
        verbose: What ``--verbose`` does.
    """
    parser.add_argument("--verbose", action="store_true", help=verbose)
    parser.add_argument("--version", action=_Version, help="show program's version number and exit")


class _Version(argparse.Action):
    """Prints the version; only then is it looked up, among the installed packages."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(nargs=0, **keywords | {"dest": argparse.SUPPRESS, "default": argparse.SUPPRESS})

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from ezprivsecfl import __version__

        print(f"ezcompile {__version__}")
        parser.exit()
