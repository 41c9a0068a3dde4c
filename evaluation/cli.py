"""The command ``ezeval``: runs an experiment's file, or one of the field's experiments by its name."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ezprivsecfl.errors import EzError

PRESETS = {path.stem: path for path in sorted((Path(__file__).parent / "presets").glob("*.yaml"))}

FAILED, INTERRUPTED = 2, 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="ezeval", description=__doc__)
    made.add_argument("experiment", help=f"a YAML file, or one of {', '.join(PRESETS)}; or list, for all names")
    made.add_argument("--data", type=Path, metavar="DIR", help="the folder with the data sets, such as har.npz")
    made.add_argument("--out", type=Path, metavar="DIR", help="the folder of results; by default results/NAME")
    made.add_argument("--rounds", type=int, metavar="N", help="instead of the file's")
    made.add_argument("--seeds", type=int, nargs="+", metavar="SEED", help="instead of the file's")
    made.add_argument("--rules", nargs="+", metavar="NAME", help="only these")
    made.add_argument("--attacks", nargs="+", metavar="NAME", help="only these")
    made.add_argument("--settings", nargs="+", metavar="NAME", help="only experiments whose setting has one of these")
    made.add_argument("--secure", action="store_true", help="every run also with each aggregation on two servers")
    made.add_argument("--plots", action="store_true", help="draw curves (needs matplotlib)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
    options = parser().parse_args(arguments)
    try:
        return _list() if options.experiment == "list" else _run(options)
    except EzError as e:
        print(f"ezeval: {e}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("ezeval: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


def _list() -> int:
    from ezprivsecfl.evaluation import attacks, rules
    from ezprivsecfl.evaluation.plugins import names
    from ezprivsecfl.frontends.tff import tame_worker

    tame_worker()
    print("experiments:", *PRESETS, sep="\n  ")
    print("attacks:", *names(attacks.ATTACKS, attacks.GROUP), sep="\n  ")
    print("rules:", *names(rules.RULES, rules.GROUP), sep="\n  ")
    return 0


def _run(options: argparse.Namespace) -> int:
    from ezprivsecfl.evaluation import plots, report
    from ezprivsecfl.evaluation.errors import ConfigError, DataError
    from ezprivsecfl.evaluation.experiment_file import experiments_of
    from ezprivsecfl.evaluation.running import run_all
    from ezprivsecfl.evaluation.store import make_folder
    from ezprivsecfl.frontends.tff import tame_worker

    tame_worker()
    if options.plots:
        plots.check()
    path = PRESETS.get(options.experiment, Path(options.experiment))
    experiments = experiments_of(path)
    if options.data is None:
        raise DataError("give the folder with the data sets: --data DIR")
    for key, kind in (("rules", "defences"), ("attacks", "attacks")):
        wanted = getattr(options, key)
        have = {one.name for experiment in experiments for one in getattr(experiment, kind)}
        if unknown := set(wanted or ()) - have:
            choice = ", ".join(sorted(have))
            raise ConfigError(f"--{key}: {path.name} has no {', '.join(sorted(unknown))}; choose of {choice}")
    chosen = []
    for experiment in experiments:
        if options.settings and not any(words in experiment.whole_setting for words in options.settings):
            continue
        training = experiment.training
        if options.rounds is not None:
            if options.rounds < 1:
                raise ConfigError("--rounds: expected at least 1")
            training = replace(training, comm_round=options.rounds)
        part = replace(
            experiment,
            training=training,
            seeds=options.seeds or experiment.seeds,
            attacks=[one for one in experiment.attacks if not options.attacks or one.name in options.attacks],
            defences=[one for one in experiment.defences if not options.rules or one.name in options.rules],
        )
        if part.attacks and part.defences:
            chosen.append(part)
    if not chosen:
        settings = ", ".join(repr(experiment.whole_setting) for experiment in experiments)
        raise ConfigError(f"--settings, --rules, --attacks: nothing is in all of them; {path.name} has {settings}")
    out = options.out or Path("results") / path.stem
    make_folder(out)
    shutil.copyfile(path, out / "experiment.yaml")
    store = run_all(chosen, options.data, out, secure=options.secure, show=True)
    written = report.write(store, chosen)
    if options.plots:
        plots.write(store, chosen)
    print(f"report: {written}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
