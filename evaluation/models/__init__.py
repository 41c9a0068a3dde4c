"""Models by name."""

from __future__ import annotations

import math

from ezprivsecfl.evaluation.data.federation import Federation
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.models.base import Model
from ezprivsecfl.evaluation.models.softmax import Softmax

NAMES = ("lr", "cnn", "lenet")
"""``lr`` is the linear softmax classifier, ``cnn`` FLTrust's network, ``lenet`` one like LeNet-5."""


def build(name: str, federation: Federation) -> Model:
    """A model for the rows of a federation.

    Args:
        name: One of ``NAMES``.
        federation: Its rows' shape and number of classes count.

    Raises:
        ConfigError: The rows are no images, and the model needs such.
    """
    shape, classes = federation.features.shape[1:], federation.classes
    if name == "lr":
        return Softmax(math.prod(shape), classes)
    if len(shape) != 3:
        raise ConfigError(f"the model {name} is for images; rows of this data set have the shape {list(shape)}: use lr")
    from ezprivsecfl.evaluation.models.network import Network, fltrust_layers, lenet_layers  # TensorFlow, if needed

    return Network({"cnn": fltrust_layers, "lenet": lenet_layers}[name], shape, classes)
