"""Models: gradients against finite differences, and each client for itself."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from ezprivsecfl.evaluation.data.federation import Federation
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.models import NAMES, build
from ezprivsecfl.evaluation.models.network import Network, lenet_layers
from ezprivsecfl.evaluation.rules import RULES, InTheClear

CLIENTS, BATCH, CLASSES = 3, 5, 4


def federation(shape):
    none = np.zeros(0, np.int64)
    return Federation(
        np.zeros((0, *shape), np.float32), none, [], none, np.zeros((0, *shape), np.float32), none, CLASSES
    )


def batches(shape, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.random((CLIENTS, BATCH, *shape)).astype(np.float32)
    weights = rng.random((CLIENTS, BATCH))
    weights[0, 3:] = 0
    return features, rng.integers(0, CLASSES, (CLIENTS, BATCH)), weights


def models():
    return [(name, shape) for name in NAMES for shape in [(12, 12, 1), (12, 14, 3)]] + [("lr", (7,))]


@pytest.mark.parametrize(("name", "shape"), models())
def test_gradients_of_clients(name, shape):
    """Of all clients together what each has alone; rows of weight 0 do not count; weights are factors."""
    model = build(name, federation(shape))
    parameters = model.initial(np.random.default_rng(1))
    assert parameters.shape == (model.entries,)
    features, labels, weights = batches(shape)
    together = model.gradients(parameters, features, labels, weights)
    own = np.stack([parameters, 1.5 * parameters, -parameters])
    different = model.gradients(own, features, labels, weights)
    for i in range(CLIENTS):
        alone = model.gradients(parameters, features[i : i + 1], labels[i : i + 1], weights[i : i + 1])
        np.testing.assert_allclose(together[i], alone[0], rtol=1e-4, atol=1e-6)
        alone = model.gradients(own[i], features[i : i + 1], labels[i : i + 1], weights[i : i + 1])
        np.testing.assert_allclose(different[i], alone[0], rtol=1e-4, atol=1e-6)
    short = model.gradients(parameters, features[:1, :3], labels[:1, :3], weights[:1, :3])
    np.testing.assert_allclose(together[0], short[0], rtol=1e-4, atol=1e-6)
    twice = model.gradients(parameters, features, labels, 2 * weights)
    np.testing.assert_allclose(twice, 2 * together, rtol=1e-4, atol=1e-6)


def test_it_is_the_gradient_of_cross_entropy():
    """Against central differences of the loss, written out in float64."""
    model = build("lr", federation((7,)))
    parameters = model.initial(np.random.default_rng(1)).astype(np.float64)
    features, labels, weights = batches((7,))

    def loss(p, i):
        scores = features[i].astype(np.float64) @ p[: 7 * CLASSES].reshape(7, CLASSES) + p[7 * CLASSES :]
        logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        return -np.sum(weights[i] * logs[np.arange(BATCH), labels[i]])

    got = model.gradients(parameters.astype(np.float32), features, labels, weights)
    steps = 1e-5 * np.eye(model.entries)
    for i in range(CLIENTS):
        expected = [(loss(parameters + s, i) - loss(parameters - s, i)) / 2e-5 for s in steps]
        np.testing.assert_allclose(got[i], expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("name", "shape"), models())
def test_steps_along_the_gradient_fit_the_rows(name, shape):
    model = build(name, federation(shape))
    parameters = model.initial(np.random.default_rng(2))
    features, labels, _ = batches(shape)
    weights = np.full((1, BATCH), 1 / BATCH)
    for _ in range(400):
        parameters -= 0.2 * model.gradients(parameters, features[:1], labels[:1], weights)[0]
    np.testing.assert_array_equal(model.classify(parameters, features[0]), labels[0])


def test_sizes_of_the_literature():
    assert build("cnn", federation((28, 28, 1))).entries == 300 + 13_550 + 125_100 + 1_010 - 6 * 101
    assert build("lr", federation((561,))).entries == 562 * CLASSES


def test_networks_are_for_images():
    with pytest.raises(ConfigError, match=r"cnn is for images; .* shape \[561\]: use lr"):
        build("cnn", federation((561,)))


def test_runs_one_after_the_other_are_not_warned_of(caplog):
    """TensorFlow warns of a function that is traced again and again, and took those of all runs for one."""
    rng = np.random.default_rng(5)
    rows, updates = rng.normal(size=(9, 8, 8, 1)).astype(np.float32), rng.normal(size=(9, 20))
    tf.get_logger().addHandler(caplog.handler)
    try:
        for _ in range(7):
            network = Network(lenet_layers, (8, 8, 1), 3)
            network.classify(network.initial(rng), rows)
            InTheClear(RULES["krum"], {"byzantine": 1})(updates, {}, None)
    finally:
        tf.get_logger().removeHandler(caplog.handler)
    assert not caplog.records
