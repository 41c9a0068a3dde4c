"""Federated averaging of a small convolutional network on real images: TFF's own learning process, unchanged.

Every client trains in TFF, on its own images and in the clear. What it uploads, in shares, are the weights that it ends
up with, its number of examples and its metrics; all that happens to them (here: long updates are clipped) is computed
by the two servers. ``ezcompile examples/keras_fed_avg.py --boundary`` prints that line.

    ezcompile run examples/keras_fed_avg.py --check
    ezcompile run examples/keras_fed_avg.py --data mnist.npz --rounds 20 --clients 10

Without ``--data`` the images are scikit-learn's 1,797 handwritten digits (8 x 8). A data file is a numpy archive with
``x_train`` (N, H, W or N, H, W, C; ``uint8``), ``y_train`` (N), ``x_test`` and ``y_test``, such as MNIST's usual
``mnist.npz``.
"""

import argparse
import pathlib
import sys

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

BATCH = 20
CLIP = 1.0


def digits():
    """The images that come with scikit-learn, the last 300 for tests."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        sys.exit("scikit-learn is not installed; it has the default images. Pass others with --data FILE.npz")
    found = load_digits()
    images, labels = (found.images / 16.0)[..., None], found.target
    return (images[:-300], labels[:-300]), (images[-300:], labels[-300:])


def images_of(path):
    """The images of a numpy archive."""
    if not path.is_file():
        sys.exit(
            f"--data {path}: there is no such file; it must be a numpy archive with x_train, y_train, x_test, y_test"
        )
    with np.load(path) as found:
        parts = [(found[f"x_{part}"] / 255.0, found[f"y_{part}"]) for part in ("train", "test")]
    return [(x if x.ndim == 4 else x[..., None], y) for x, y in parts]


def build_model(shape, classes):
    """A convolution and a dense layer."""
    return tf.keras.Sequential(
        [
            tf.keras.layers.InputLayer(shape),
            tf.keras.layers.Conv2D(8, 3, activation="relu", kernel_initializer=tf.keras.initializers.HeNormal(1)),
            tf.keras.layers.MaxPool2D(),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(classes, kernel_initializer=tf.keras.initializers.GlorotNormal(2)),
        ]
    )


def build_process(shape, classes):
    """Weighted federated averaging that clips long updates."""

    def model_fn():
        return tff.learning.models.from_keras_model(
            build_model(shape, classes),
            input_spec=(tf.TensorSpec([None, *shape], tf.float32), tf.TensorSpec([None], tf.int32)),
            loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[tf.keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )

    return tff.learning.algorithms.build_weighted_fed_avg(
        model_fn,
        client_optimizer_fn=tff.learning.optimizers.build_sgdm(0.1),
        model_aggregator=tff.aggregators.clipping_factory(CLIP, tff.aggregators.MeanFactory()),
    )


def data_sets(images, labels, clients):
    """A data set for each client."""
    return [
        tf.data.Dataset.from_tensor_slices((x.astype(np.float32), y.astype(np.int32))).batch(BATCH)
        for x, y in zip(np.array_split(images, clients), np.array_split(labels, clients), strict=True)
    ]


process = build_process((8, 8, 1), 10)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, metavar="FILE.npz", help="images (default: scikit-learn's digits)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=5)
    parser.add_argument("--examples", type=int, default=1500, help="training images of all clients together")
    options = parser.parse_args()
    (images, labels), (test_images, test_labels) = images_of(options.data) if options.data else digits()
    shape, classes = images.shape[1:], int(labels.max()) + 1
    if options.data:
        process = build_process(shape, classes)
    clients = data_sets(images[: options.examples], labels[: options.examples], options.clients)
    state = process.initialize()
    model = build_model(shape, classes)
    for number in range(1, options.rounds + 1):
        result = process.next(state, clients)
        state = result.state
        process.get_model_weights(state).assign_weights_to(model)
        accuracy = np.mean(np.argmax(model(test_images.astype(np.float32)), axis=-1) == test_labels)
        loss = result.metrics["client_work"]["train"]["loss"]
        print(f"round {number}: training loss {loss:.3f}, test accuracy {accuracy:.1%}")
