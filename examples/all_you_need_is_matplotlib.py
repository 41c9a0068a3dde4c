"""What a server that averages sees of its clients' pictures, and what each of our two servers sees of the same round.

Every client computes one gradient on a few CIFAR-10 images. Whoever gets that reads images off it with one division
(Boenisch et al., "All You Need Is Matplotlib"). Of two servers each has one share, which is noise. What remains is the
mean that they open: with weights that a server chose for the attack, that of few clients still gives images away.

    python examples/all_you_need_is_matplotlib.py --data cifar10_subset.npz

The file has ``x_train`` of ``[images, 32, 32, 3]``, 0 to 255, and ``y_train``. Figures are saved in --out.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.aggregators.mean import fedavg
from ezprivsecfl.evaluation.reconstruction.dense import extract, trap_weights
from ezprivsecfl.evaluation.reconstruction.network import DenseNetwork
from ezprivsecfl.evaluation.reconstruction.quality import EXACT, as_image, nearest, psnr, ssim
from ezprivsecfl.evaluation.reconstruction.views import server_views

SHAPE, CLASSES, SHOWN = (32, 32, 3), 10, 8


def candidates(network, update):
    """What an update gives away at a look: one candidate for an image from each neuron of the first layer."""
    gradient = network.of(update)
    return extract(gradient.weights, gradient.bias)


def reading(found, images):
    """How many images are among the candidates, and the closest candidate to each, as a viewer shows it."""
    best, error = nearest(found, images)
    return int(np.sum(error < EXACT)), found[best], np.argsort(error)


def show(title, images, found, best_first, axes):
    """A row of images above what was taken for them."""
    for column, i in enumerate(best_first[:SHOWN]):
        for row, picture in enumerate((images[i], found[i])):
            inside = picture.min() >= -EXACT and picture.max() <= 1 + EXACT
            axes[row, column].imshow((np.clip(picture, 0, 1) if inside else as_image(picture)).reshape(SHAPE))
            axes[row, column].axis("off")
    axes[0, 0].set_title(title, loc="left", fontsize=9)


def load(path, count, generator):
    """Some images as rows in [0, 1], and their labels."""
    with np.load(path) as data:
        chosen = generator.choice(len(data["x_train"]), count, replace=False)
        return data["x_train"][chosen].reshape(count, -1) / 255.0, data["y_train"][chosen]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="cifar10_subset.npz, or any file of the same form")
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--batch", type=int, default=20, help="images of each client")
    parser.add_argument("--neurons", type=int, default=300)
    parser.add_argument("--out", type=Path, default=Path("reconstruction"), help="where to save figures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    generator = np.random.default_rng(0)
    images, labels = load(options.data, options.clients * options.batch, generator)
    mine = images[: options.batch]
    network = DenseNetwork.random(int(np.prod(SHAPE)), options.neurons, CLASSES, generator)
    trapped = replace(network, weights=trap_weights(network.weights.shape[1], options.neurons, generator))

    def updates(model, clients):
        """The gradients of the first clients, as they would send them."""
        batches = [slice(i * options.batch, (i + 1) * options.batch) for i in range(clients)]
        return [model.gradient(images[b], labels[b]).parameters.astype(np.float32) for b in batches]

    seen = {}
    for title, model in (("a server that averages", network), ("the same with trap weights", trapped)):
        seen[f"{title}, client 0"] = candidates(model, updates(model, 1)[0]), mine

    everyone = updates(trapped, options.clients)
    mean = ez.compile(fedavg.computation(tff.TensorType(np.float32, [len(everyone[0])])), clients=options.clients)
    views = server_views(mean, {"value": everyone})
    for server, view in enumerate(views):
        seen[f"our server {server}, trap weights, client 0"] = candidates(trapped, view["value"]), mine
    for clients in sorted(n for n in {2, 5, options.clients} if n <= options.clients):
        opened = mean.run(everyone[:clients])
        theirs = images[: clients * options.batch]
        seen[f"the opened mean of {clients} clients, trap weights"] = candidates(trapped, opened), theirs

    figure, axes = plt.subplots(2 * len(seen), SHOWN, figsize=(SHOWN, 2.3 * len(seen)), layout="constrained")
    for row, (title, (found, truth)) in enumerate(seen.items()):
        count, closest, best_first = reading(found, truth)
        best, original = closest[best_first[0]].reshape(SHAPE), truth[best_first[0]].reshape(SHAPE)
        line = f"{title}: {count} of {len(truth)} images"
        print(f"{line}; the best at {psnr(best, original):.1f} dB PSNR, {ssim(best, original):.2f} SSIM")
        show(line, truth, closest, best_first, axes[2 * row : 2 * row + 2])
    figure.savefig(options.out / "views.png", dpi=120)
    print(f"figures saved to {options.out / 'views.png'}")
