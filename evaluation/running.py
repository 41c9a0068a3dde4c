"""Carries out the runs of experiments, one after the other, into a folder of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ezprivsecfl.installing import needing_tff

with needing_tff():
    import tensorflow as tf

from ezprivsecfl.evaluation import versions
from ezprivsecfl.evaluation.checks import check
from ezprivsecfl.evaluation.config import Experiment, Run
from ezprivsecfl.evaluation.data.datasets import Dataset, load
from ezprivsecfl.evaluation.data.federation import Federation
from ezprivsecfl.evaluation.data.prepare import prepare
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.models import build
from ezprivsecfl.evaluation.rules import Aggregator, InTheClear, Setting
from ezprivsecfl.evaluation.safefl import RULES as SAFEFL
from ezprivsecfl.evaluation.store import Store
from ezprivsecfl.evaluation.training import Progress, train
from ezprivsecfl.frontends.tff import tame_worker
from ezprivsecfl.progress import Bar

MakeAggregator = Callable[[Run, Federation, int], Aggregator]
"""From a run, its rows and the number of parameters to its rule, ready to be applied."""


def run_all(
    experiments: Sequence[Experiment], data: Path, out: Path, *, secure: bool = False, show: bool = False
) -> Store:
    """Carries out all runs; those that the folder has already are not run again.

    Args:
        experiments: What is run.
        data: The folder of the data sets.
        out: The folder of results.
        secure: Whether every run is repeated with each aggregation on two servers, to be compared with the clear one.
        show: Whether to show progress on stderr.

    Raises:
        EzError: The data, an experiment, or what the folder has is not what was expected; or the servers failed.
        ConfigError: A rule is not for two servers.
    """
    tame_worker()
    runs = [run for experiment in experiments for run in experiment.runs()]
    if secure:
        _require_for_two_servers(runs)
        runs += [replace(run, secure=True) for run in runs]
    loaded: dict[str, Dataset] = {name: load(name, data) for name in dict.fromkeys(run.data.dataset for run in runs)}
    check(runs, loaded)
    store = Store(out)
    versions.write(out)
    with Bar("rounds", sum(run.training.comm_round for run in runs), show=show) as bar:
        for run in runs:
            federation = prepare(loaded[run.data.dataset], run.data, run.training.client_num_in_total, run.seed)
            run_one(run, federation, store, bar)
    return store


def _require_for_two_servers(runs: Sequence[Run]) -> None:
    rules = {run.defence.rule.name for run in runs} & set(SAFEFL)
    if rules:
        raise ConfigError(
            f"{', '.join(sorted(rules))}: such a rule looks at what single clients send, which two servers never see. "
            "Leave --secure out, or name other rules with --rules"
        )


def run_one(run: Run, federation: Federation, store: Store, bar: Bar) -> None:
    """Carries out what is left of one run."""
    model = build(run.model.model, federation)
    progress = store.resume(run, Progress.start(model, run.seed, run.model.start_noise))
    bar.tell(run.key)
    bar.skip(progress.round)
    if progress.round == run.training.comm_round:
        return
    tf.random.set_seed(run.seed)  # for noise that rules add
    aggregate: Aggregator = (on_two_servers if run.secure else in_the_clear)(run, federation, model.entries)
    for reached in train(run, federation, model, aggregate, progress, bar.advance):
        store.record(run, reached)
        assert reached.reading is not None
        bar.tell(f"{run.key}: accuracy {reached.reading.accuracy:.3f}")


def in_the_clear(run: Run, federation: Federation, entries: int) -> Aggregator:
    """The run's rule as a TensorFlow graph."""
    return InTheClear(run.defence.rule, parameters_of(run, federation))


def parameters_of(run: Run, federation: Federation) -> dict[str, object]:
    """All parameters of the run's rule."""
    setting = Setting(
        clients=run.training.participants,
        byzantine=run.byzantine,
        classes=federation.classes,
        seed=run.seed,
    )
    return setting.parameters(run.defence.rule, run.defence.parameters)


def on_two_servers(run: Run, federation: Federation, entries: int) -> Aggregator:
    """The run's rule, compiled for two servers."""
    from ezprivsecfl.evaluation.secure import OnTwoServers  # TFF, the compiler and the engine, if needed

    parameters = parameters_of(run, federation)
    return OnTwoServers(run.defence.rule, parameters, run.training.participants, entries, federation.root_rows.shape)
