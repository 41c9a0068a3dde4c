"""Reconstruction: each attack does what it says of it, and a server's share gives away nothing of it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.aggregators.mean import fedavg
from ezprivsecfl.errors import InputError
from ezprivsecfl.evaluation.reconstruction.dense import extract, trap_weights
from ezprivsecfl.evaluation.reconstruction.labels import label_of_one, labels_of_batch
from ezprivsecfl.evaluation.reconstruction.matching import deep_leakage, gradients, invert_gradients
from ezprivsecfl.evaluation.reconstruction.network import DenseNetwork
from ezprivsecfl.evaluation.reconstruction.quality import as_image, extracted, nearest, psnr, ssim
from ezprivsecfl.evaluation.reconstruction.views import server_views


@pytest.fixture
def generator():
    return np.random.default_rng(3)


def images(generator, count, side=12):
    """Smooth ones: a few waves each, in [0, 1]."""
    down, across = np.mgrid[0:side, 0:side] / side
    waves = generator.uniform(1, 9, size=(count, 3, 3, 1, 1))
    values = np.sin(waves[:, :, 0] * down + waves[:, :, 1] * across + waves[:, :, 2]).sum(axis=1)
    return ((values + 3) / 6).reshape(count, -1)


class TestNetwork:
    def test_gradient_is_that_of_tensorflow(self, generator):
        net = DenseNetwork.random(20, 7, 4, generator)
        inputs, labels = generator.uniform(size=(5, 20)), np.array([0, 3, 1, 1, 2])
        variables = [tf.Variable(x) for x in (net.weights, net.bias, net.last_weights, net.last_bias)]
        with tf.GradientTape() as tape:
            hidden = tf.nn.relu(inputs @ tf.transpose(variables[0]) + variables[1])
            logits = hidden @ tf.transpose(variables[2]) + variables[3]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        expected = np.concatenate([np.reshape(x, -1) for x in tape.gradient(loss, variables)])
        np.testing.assert_allclose(net.gradient(inputs, labels).parameters, expected, atol=1e-12)

    def test_parameters_back_and_forth(self, generator):
        net = DenseNetwork.random(6, 5, 3, generator)
        again = net.of(net.parameters)
        assert all(np.array_equal(getattr(net, f), getattr(again, f)) for f in net.__dataclass_fields__)

    def test_of_another_length(self, generator):
        with pytest.raises(ValueError, match=r"53 parameters, not \[52\]"):
            DenseNetwork.random(6, 5, 3, generator).of(np.zeros(52))


class TestExtract:
    def test_neuron_of_one_input_gives_it_away(self, generator):
        inputs = images(generator, 2)
        own = np.stack([inputs[0] - inputs[1], inputs[1] - inputs[0]])  # active for one each, after the bias
        bias = -np.array([own[0] @ (inputs[0] + inputs[1]), own[1] @ (inputs[0] + inputs[1])]) / 2
        net = DenseNetwork(own, bias, generator.normal(size=(3, 2)), np.zeros(3))
        gradient = net.gradient(inputs, np.array([0, 2]))
        np.testing.assert_allclose(extract(gradient.weights, gradient.bias), inputs, atol=1e-10)

    def test_any_multiple_of_the_gradient_does(self, generator):
        inputs = images(generator, 1)
        gradient = DenseNetwork.random(144, 30, 3, generator).gradient(inputs, np.array([1]))
        update = -0.05 * gradient.parameters.astype(np.float32)
        seen = gradient.of(update)
        assert extracted(extract(seen.weights, seen.bias), inputs) == 1.0

    def test_idle_neurons_give_no_candidate(self):
        assert extract(np.zeros((4, 3)), np.zeros(4)).shape == (0, 3)

    def test_shapes(self):
        with pytest.raises(ValueError, match=r"\[4, 3\] and of biases \[3\]"):
            extract(np.zeros((4, 3)), np.zeros(3))

    def test_trap_weights_give_away_more(self, generator):
        inputs, labels = images(generator, 40, side=20), generator.integers(0, 5, size=40)
        net = DenseNetwork.random(400, 300, 5, generator)
        trapped = DenseNetwork(trap_weights(400, 300, generator, factor=0.9), net.bias, net.last_weights, net.last_bias)
        rates = []
        for model in (net, trapped):
            gradient = model.gradient(inputs, labels)
            rates.append(extracted(extract(gradient.weights, gradient.bias), inputs))
        assert rates[1] > rates[0] + 0.15

    def test_half_of_a_trap_is_negative(self, generator):
        weights = trap_weights(10, 50, generator, factor=0.9)
        assert ((weights < 0).sum(axis=1) == 5).all()
        np.testing.assert_allclose(np.sort(weights)[:, 5:], 0.9 * np.sort(-weights)[:, 5:], rtol=1e-12)
        assert len(set(map(tuple, weights < 0))) > 25

    @pytest.mark.parametrize(("features", "factor"), [(9, 0.9), (10, 1.0), (10, 0.0)])
    def test_traps_that_are_none(self, generator, features, factor):
        with pytest.raises(ValueError, match=r"half of the weights|factor of positive"):
            trap_weights(features, 3, generator, factor=factor)


class TestLabels:
    def test_of_one(self, generator):
        gradient = DenseNetwork.random(20, 9, 6, generator).gradient(generator.uniform(size=(1, 20)), np.array([4]))
        assert label_of_one(gradient.last_bias) == 4

    def test_of_one_is_refused_for_more(self):
        with pytest.raises(ValueError, match="2 classes"):
            label_of_one(np.array([-0.2, -0.3, 0.5]))

    @pytest.mark.parametrize("batch", [1, 2, 4])
    def test_of_a_batch(self, generator, batch):
        net = DenseNetwork.random(40, 60, 10, generator)
        labels = generator.integers(0, 10, size=batch)
        gradient = net.gradient(generator.uniform(size=(batch, 40)), labels)
        assert labels_of_batch(gradient.last_weights) == set(labels.tolist())

    def test_none_of_a_larger_batch_is_missed(self, generator):
        net = DenseNetwork.random(40, 60, 20, generator)
        labels = generator.integers(0, 20, size=12)
        gradient = net.gradient(generator.uniform(size=(12, 40)), labels)
        found = labels_of_batch(gradient.last_weights)
        assert set(labels.tolist()) <= found
        assert len(found) < 20

    def test_large_batches_tell_nothing(self, generator):
        net = DenseNetwork.random(40, 60, 5, generator)
        gradient = net.gradient(generator.uniform(size=(30, 40)), generator.integers(0, 5, size=30))
        assert labels_of_batch(gradient.last_weights) == set()

    def test_no_gradient_no_label(self):
        assert labels_of_batch(np.zeros((4, 3))) == set()


class TestQuality:
    def test_psnr(self):
        assert psnr(np.full((4, 4), 0.6), np.full((4, 4), 0.5)) == pytest.approx(20)
        assert psnr(np.ones(3), np.ones(3)) == np.inf

    def test_ssim(self, generator):
        image = images(generator, 1, 16).reshape(16, 16, 1)
        assert ssim(image, image) == pytest.approx(1)
        assert ssim(generator.uniform(size=(16, 16, 1)), image) < 0.3

    def test_nearest_skips_what_is_no_number(self):
        best, error = nearest(np.array([[np.nan, 0.0], [np.inf, 0.0], [0.5, 0.1]]), np.array([[0.5, 0.0]]))
        assert best[0] == 2
        assert error[0] == pytest.approx(0.1 / np.sqrt(2))

    def test_extracted_is_a_share_of_the_images(self):
        both = np.array([[0.1, 0.2], [0.3, 0.4]])
        assert extracted(both[:1], both) == 0.5
        assert extracted(both[:0], both) == 0.0
        assert extracted(both + 2e-3, both) == 0.0

    def test_other_shapes(self):
        with pytest.raises(ValueError, match="cannot be compared"):
            nearest(np.zeros((2, 3)), np.zeros((2, 4)))

    def test_as_image(self):
        assert as_image(np.array([-2.0, 0.0, 2.0])).tolist() == [0, 0.5, 1]
        assert as_image(np.full(3, 7.0)).tolist() == [0, 0, 0]


def small_model(generator, side, classes, dtype=np.float32):
    """A convolution and a dense layer with sigmoids."""
    weights = [
        tf.Variable(generator.uniform(-0.5, 0.5, size=shape).astype(dtype))
        for shape in ([3, 3, 1, 6], [(side // 2) ** 2 * 6, classes], [classes])
    ]

    def model(inputs):
        hidden = tf.sigmoid(tf.nn.conv2d(inputs, weights[0], strides=2, padding="SAME"))
        return tf.reshape(hidden, [inputs.shape[0], -1]) @ weights[1] + weights[2]

    return weights, model


def observed(weights, model, image, label):
    """What a client sends that has this image."""
    found = gradients(model, weights, tf.constant(image, weights[0].dtype), tf.constant(label, weights[0].dtype))
    return [x.numpy() for x in found]


class TestMatching:
    def client(self, generator, classes, label, dtype):
        weights, model = small_model(generator, 8, classes, dtype)
        image, labels = images(generator, 1, 8).reshape(1, 8, 8, 1), np.eye(classes)[[label]]
        return model, weights, observed(weights, model, image, labels), image, labels

    def test_deep_leakage_finds_image_and_label(self, generator):
        model, weights, seen, image, _ = self.client(generator, 4, 2, np.float64)
        found = deep_leakage(model, weights, seen, (1, 8, 8, 1), 4, generator, starts=2)
        assert found.labels.argmax() == 2
        assert psnr(found.images, image) > 30

    def test_with_the_label_known_one_start_will_do(self, generator):
        model, weights, seen, image, labels = self.client(generator, 4, 2, np.float64)
        found = deep_leakage(model, weights, seen, (1, 8, 8, 1), labels, generator, steps=150)
        assert psnr(found.images, image) > 30

    def test_inverting_gradients_comes_close_from_a_multiple(self, generator):
        model, weights, seen, image, labels = self.client(generator, 4, 1, np.float32)
        multiple = [0.3 * x for x in seen]
        found = invert_gradients(model, weights, multiple, (1, 8, 8, 1), labels, generator, steps=400)
        assert found.distance < 1e-2
        assert psnr(found.images, image) > 20


class TestServerViews:
    def client(self, generator):
        inputs = images(generator, 1)
        net = DenseNetwork.random(144, 30, 3, generator)
        gradient = net.gradient(inputs, np.array([1]))
        update = gradient.parameters.astype(np.float32)
        program = ez.compile(fedavg.computation(tff.TensorType(np.float32, [len(update)])), clients=3)
        values = {"value": [generator.normal(size=len(update)).astype(np.float32), update, update]}
        return inputs, gradient, update, program, values

    def test_together_they_are_the_update_and_alone_they_are_noise(self, generator):
        inputs, gradient, update, program, values = self.client(generator)
        views = server_views(program, values, client=1)
        (both,) = views.opened().values()
        np.testing.assert_allclose(both, update, atol=2e-4)
        seen = gradient.of(both)
        assert extracted(extract(seen.weights, seen.bias), inputs, 0.05) == 1.0
        for view in (views.first, views.second):
            (share,) = view.values()
            assert abs(np.corrcoef(share, update)[0, 1]) < 0.06
            alone = gradient.of(share)
            assert nearest(extract(alone.weights, alone.bias), inputs)[1][0] > 0.3

    def test_every_round_has_shares_of_its_own(self, generator):
        _, _, _, program, values = self.client(generator)
        first, second = (server_views(program, values, client=1) for _ in range(2))
        assert not np.any(first.first["value"] == second.first["value"])

    def test_values_beyond_use(self, generator):
        *_, program, values = self.client(generator)
        values["value"][1][3] = np.nan
        with pytest.raises(InputError, match=r"'value' at \[3\] is nan"):
            server_views(program, values, client=1)
