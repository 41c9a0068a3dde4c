"""The entry point: finds the command, carries it out, and turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from ezprivsecfl.cli import exits
from ezprivsecfl.cli.commands import COMMANDS
from ezprivsecfl.cli.messages import say
from ezprivsecfl.errors import CompileError, EzError
from ezprivsecfl.installing import needing_tff

ENGINE = "_duet"
NO_ENGINE = "the engine cannot be loaded: {}. It needs OpenSSL 3, on Debian or Ubuntu: apt install libssl3"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
    given = list(sys.argv[1:] if arguments is None else arguments)
    name = given.pop(0) if given and given[0] in COMMANDS else "compile"
    verbose = False
    try:
        command = import_module(f"ezprivsecfl.cli.{name}")  # what it needs, and no more
        options = command.parser().parse_args(given)
        verbose = options.verbose
        with needing_tff():
            code: int = command.carry_out(options)
        return code
    except EzError as e:
        if verbose:
            traceback.print_exc()
        say(str(e))
        return exits.COMPILE if isinstance(e, CompileError) else exits.RUN
    except KeyboardInterrupt:
        say("interrupted")
        return exits.INTERRUPTED
    except ImportError as e:
        if (e.name or "").rpartition(".")[2] != ENGINE:
            raise
        say(NO_ENGINE.format(e))
        return exits.COMPILE


if __name__ == "__main__":
    sys.exit(main())
