"""Aggregations of an experiment on two servers: the same results, what they cost, and who is left out."""

from __future__ import annotations

import numpy as np
import pytest
import small_har

from ezprivsecfl.evaluation import plots, report
from ezprivsecfl.evaluation.attacks.wrap_around import WrapAround
from ezprivsecfl.evaluation.config import DataArgs, Defence, Experiment, ModelArgs, Threat, TrainArgs
from ezprivsecfl.evaluation.rules import InTheClear, rule_of
from ezprivsecfl.evaluation.running import run_all
from ezprivsecfl.evaluation.secure import OnTwoServers
from ezprivsecfl.evaluation.summary import cells

CLIENTS, ENTRIES = 6, 20


@pytest.fixture(autouse=True)
def _in_the_clear(tff_reference):
    """TFF's worker ends with the tests."""


def given(seed=0):
    rng = np.random.default_rng(seed)
    updates = rng.normal(0.3, 1.0, (CLIENTS, ENTRIES)).astype(np.float32)
    return updates, {"root_update": rng.normal(0.3, 0.5, ENTRIES).astype(np.float32)}


@pytest.mark.parametrize(("name", "parameters"), [("fltrust", {}), ("centred_clipping", {"radius": 2.0})])
def test_it_is_the_rule_round_after_round(name, parameters):
    """With its state, if it has one; clear and secure runs start from the same first state."""
    rule = rule_of(name)
    clear, secure = InTheClear(rule, parameters), OnTwoServers(rule, parameters, CLIENTS, ENTRIES, backend="plain")
    states = [None, None]
    for number in range(3):
        updates, inputs = given(number)
        expected, states[0], _ = clear(updates, inputs, states[0])
        result, states[1], cost = secure(updates, inputs, states[1])
        np.testing.assert_allclose(result, expected, atol=1e-3)
        assert cost.dropped == {}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return small_har.write(tmp_path_factory.mktemp("data"))


def test_wrapping_clients_are_named_and_dropped(data, tmp_path):
    """In a whole experiment on Duet: in the clear the same attack leaves no model."""
    experiment = Experiment(
        "wrap around",
        DataArgs("har", "subject", root_size=20),
        ModelArgs("lr"),
        TrainArgs(30, 6, batch_size=8, learning_rate=0.2, frequency_of_the_test=3),
        attacks=[Threat(WrapAround(), 2, "wrap_around")],
        defences=[Defence(rule_of("fedavg"))],
    )
    store = run_all([experiment], data, tmp_path, secure=True)
    (cell,) = cells(store, experiment, secure=True).values()
    assert cell.dropped == {"0": 6, "1": 6}
    assert cell.sent_bytes > 6 * 1000
    assert cell.seconds > 0
    (clear,) = cells(store, experiment).values()
    assert clear.dropped == {}
    assert clear.sent_bytes == 0
    assert cell.highest > clear.highest
    text = report.write(store, [experiment]).read_text()
    assert "6 rounds, seed 1, all 1 runs, all 1 on two servers." in text
    assert (
        f"| fedavg | {cell.accuracy:.3f} ({cell.accuracy - clear.accuracy:+.3f}); 0.000 GB, {cell.seconds:.0f} s |"
        in text
    )
    assert "| fedavg | 0: 6, 1: 6 |" in text
    figure = plots.draw(store, experiment, ["wrap_around"], tmp_path / "both.svg").read_text()
    assert figure == plots.draw(store, experiment, ["wrap_around"], tmp_path / "again.svg").read_text()
    assert figure.count("stroke-dasharray") > 0  # of the curve on two servers
