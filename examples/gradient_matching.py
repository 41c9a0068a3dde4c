"""What matching gradients finds of single images: from what one FedAvg server sees, and from what each of our two sees.

Every client computes one gradient on one CIFAR-10 image with the network of "Deep Leakage from Gradients" (Zhu et al.,
2019). DLG looks for image and label, iDLG and "Inverting Gradients" read the label off the gradient first. Each of our
servers has one share of the gradient, which is noise. Then the mean that both open: of how many clients it still tells.

    python examples/gradient_matching.py --data cifar10_subset.npz

The file has ``x_train`` of ``[images, 32, 32, 3]``, 0 to 255, and ``y_train``. Figures are saved in --out.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.aggregators.mean import fedavg
from ezprivsecfl.evaluation.reconstruction.labels import label_of_one, labels_of_batch
from ezprivsecfl.evaluation.reconstruction.matching import deep_leakage, gradients, invert_gradients
from ezprivsecfl.evaluation.reconstruction.quality import extracted, psnr, ssim
from ezprivsecfl.evaluation.reconstruction.views import server_views

SHAPE, CLASSES = (32, 32, 3), 10
SHAPES = [(5, 5, 3, 12), (12,), (5, 5, 12, 12), (12,), (5, 5, 12, 12), (12,), (768, CLASSES), (CLASSES,)]
LIKE = 0.05
"""An image counts as extracted if the root mean square error is below this, which is 26 dB."""


def logits(weights, images):
    """Three convolutions with sigmoids and a dense layer; there is no ReLU, whose second derivative is 0."""
    hidden = images
    for layer, stride in enumerate((2, 2, 1)):
        kernel, bias = weights[2 * layer : 2 * layer + 2]
        hidden = tf.sigmoid(tf.nn.conv2d(hidden, kernel, stride, "SAME") + bias)
    return tf.reshape(hidden, [images.shape[0], -1]) @ weights[-2] + weights[-1]


def network(weights, dtype):
    """The network and its weights, as variables of one precision."""
    variables = [tf.Variable(x, dtype=dtype) for x in weights]
    return lambda images: logits(variables, images), variables


def parts(vector):
    """A vector of all gradients, one for each of the weights."""
    ends = np.cumsum([np.prod(shape) for shape in SHAPES])
    return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), SHAPES, strict=True)]


def update_of(weights, image, label):
    """A client's gradients for its image, as the one vector that it sends."""
    found = gradients(*network(weights, tf.float64), image[None], np.eye(CLASSES)[[label]])
    return np.concatenate([gradient.numpy().ravel() for gradient in found]).astype(np.float32)


def guessed_label(gradient):
    """What iDLG reads off; of what is no gradient of one image, the most negative entry."""
    try:
        return label_of_one(gradient[-1])
    except ValueError:
        return int(np.argmin(gradient[-1]))


def attacks(weights, gradient, generator, steps):
    """By name what each attack finds in a gradient: an image, and its label."""
    shape, label = (1, *SHAPE), guessed_label(gradient)
    known = np.eye(CLASSES)[[label]]
    found = deep_leakage(*network(weights, tf.float64), gradient, shape, CLASSES, generator, starts=2, steps=steps)
    yield "DLG", found.images[0], int(np.argmax(found.labels[0]))
    found = deep_leakage(*network(weights, tf.float64), gradient, shape, known, generator, steps=steps)
    yield "iDLG", found.images[0], label
    found = invert_gradients(
        *network(weights, tf.float32), gradient, shape, known, generator, steps=steps, variation=0.01
    )
    yield "Inverting Gradients", found.images[0], label


def described(found, images, guesses, labels):
    """How many images and labels were found, and how like the images are."""
    pairs = list(zip(found, images, strict=True))
    like = sum(extracted(one[None], image[None], LIKE) for one, image in pairs)
    ratio, similarity = (np.mean([measure(*pair) for pair in pairs]) for measure in (psnr, ssim))
    right = np.sum(np.equal(guesses, labels))
    return f"{like:.0f} of {len(pairs)} images, {right} labels; on average {ratio:.1f} dB PSNR, {similarity:.2f} SSIM"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="cifar10_subset.npz, or any file of the same form")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--attacked", type=int, default=4, help="how many of the clients' images are looked for")
    parser.add_argument("--steps", type=int, default=3000, help="of every search, at most")
    parser.add_argument("--out", type=Path, default=Path("reconstruction"), help="where to save figures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    generator = np.random.default_rng(0)
    with np.load(options.data) as data:
        chosen = generator.choice(len(data["x_train"]), options.clients, replace=False)
        images, labels = data["x_train"][chosen] / 255.0, data["y_train"][chosen]
    weights = [generator.uniform(-0.5, 0.5, s) for s in SHAPES]
    updates = [update_of(weights, image, label) for image, label in zip(images, labels, strict=True)]
    mean = ez.compile(fedavg.computation(tff.TensorType(np.float32, [len(updates[0])])), clients=options.clients)
    count = min(options.attacked, options.clients)
    views = [server_views(mean, {"value": updates}, client) for client in range(count)]
    seen = {"a server that averages": updates[:count]}
    for server in (0, 1):
        seen[f"our server {server}"] = [view[server]["value"] for view in views]

    rows = [("the clients' images", list(images[:count]))]
    for who, vectors in seen.items():
        found = {}
        for vector in vectors:
            for attack, image, label in attacks(weights, parts(vector), generator, options.steps):
                found.setdefault(attack, []).append((image, label))
        for attack, results in found.items():
            pictures, guesses = zip(*results, strict=True)
            print(f"{who}, {attack}: {described(pictures, images[:count], guesses, labels[:count])}", flush=True)
            rows.append((f"{who}: {attack}", pictures))

    for clients in range(2, options.clients + 1):
        told = labels_of_batch(parts(mean.run(updates[:clients]))[-2].T)
        held = set(labels[:clients].tolist())
        right, wrong = len(told & held), len(told - held)
        print(f"the opened mean of {clients} clients: {right} of {len(held)} labels, and {wrong} that nobody has")

    size = 1.5 * count, 1.7 * len(rows)
    figure, axes = plt.subplots(len(rows), count, figsize=size, squeeze=False, layout="constrained")
    for (title, pictures), line in zip(rows, axes, strict=True):
        line[0].set_title(title, loc="left", fontsize=9)
        for picture, place in zip(pictures, line, strict=True):
            place.imshow(np.clip(picture, 0, 1))
            place.axis("off")
    figure.savefig(options.out / "matching.png", dpi=120)
    print(f"figures saved to {options.out / 'matching.png'}")
