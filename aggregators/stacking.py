"""The updates of all clients as one matrix, in plain TFF: structures of tensors become rows, and rows structures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_federated as tff


@dataclass(frozen=True)
class UpdateType:
    """The type of an update, and how one is a vector.

    Args:
        type: A tensor of floats, or a structure of such, all of fully defined shape.

    Raises:
        TypeError: It is anything else.
    """

    type: tff.Type

    def __post_init__(self) -> None:
        for leaf in self._tensors:
            floating = isinstance(leaf, tff.TensorType) and tf.as_dtype(leaf.dtype).is_floating
            if not floating or leaf.shape is None or None in leaf.shape:
                raise TypeError(f"expected updates of float tensors whose shapes are fully defined, not {self.type}")

    @cached_property
    def entries(self) -> int:
        """How many entries an update has: the length of its vector."""
        return sum(self._sizes)

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The vector's element type: one that holds the entries of all tensors."""
        return np.result_type(*(leaf.dtype for leaf in self._tensors))

    @property
    def row(self) -> tff.TensorType:
        """The vector's type."""
        return tff.TensorType(self.dtype, [self.entries])

    @property
    def rows(self) -> tff.TensorType:
        """The type of the vectors of any number of clients, [n, d]."""
        return tff.TensorType(self.dtype, [None, self.entries])

    def flatten(self, update: Any) -> Any:
        """An update as a vector: its tensors one after the other, each row by row."""
        tensors = tff.structure.flatten(tff.structure.from_container(update, True)) if self._structured else [update]
        vectors = [tf.cast(tf.reshape(tensor, [-1]), self.dtype) for tensor in tensors]
        return vectors[0] if len(vectors) == 1 else tf.concat(vectors, 0)

    def unflatten(self, vector: Any) -> Any:
        """The update that a vector is."""
        parts: Sequence[Any] = tf.split(vector, self._sizes) if len(self._sizes) > 1 else [vector]
        typed = zip(parts, self._tensors, strict=True)
        tensors = [tf.reshape(tf.cast(part, leaf.dtype), leaf.shape) for part, leaf in typed]
        if not self._structured:
            return tensors[0]
        return tff.types.type_to_py_container(tff.structure.pack_sequence_as(self.type, tensors), self.type)

    def stacked(self, updates: Any) -> Any:
        """All clients' vectors at the server, [n, d], as a fold that appends one row for each client."""

        @tff.tensorflow.computation
        def nobody() -> Any:
            return tf.zeros([0, self.entries], self.dtype)

        @tff.tensorflow.computation(self.rows, self.type)
        def append(rows: Any, update: Any) -> Any:
            return tf.concat([rows, self.flatten(update)[tf.newaxis]], 0)

        @tff.tensorflow.computation(self.rows, self.rows)
        def join(rows: Any, others: Any) -> Any:
            return tf.concat([rows, others], 0)

        @tff.tensorflow.computation(self.rows)
        def all_rows(rows: Any) -> Any:
            return rows

        return tff.federated_aggregate(updates, nobody(), append, join, all_rows)

    @property
    def _structured(self) -> bool:
        return isinstance(self.type, tff.StructType)

    @cached_property
    def _tensors(self) -> list[Any]:
        return tff.structure.flatten(self.type) if self._structured else [self.type]

    @cached_property
    def _sizes(self) -> list[int]:
        return [math.prod(leaf.shape) for leaf in self._tensors]
