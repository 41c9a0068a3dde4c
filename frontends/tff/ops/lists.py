"""Lists of tensors, which loops over rows are made with (``tf.map_fn``, ``tf.scan``, ``tf.TensorArray``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ezprivsecfl.frontends.tff.ops.client_rows import stacked
from ezprivsecfl.frontends.tff.ops.registry import Call, control
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.frontends.tff.values import BROKEN, Broken, Known, Leaf, Tensor, TensorList


@control("EmptyTensorList")
def empty(call: Call) -> Leaf:
    """No elements."""
    return TensorList(())


@control("TensorListReserve")
def reserve(call: Call) -> Leaf:
    """Elements that are not set yet."""
    return TensorList((None,) * int(call.known(1, "number of elements")))


@control("TensorListFromTensor")
def from_tensor(call: Call) -> Leaf:
    """The rows of a tensor."""
    tensor = stacked(call.emit, call.leaves[0])
    if isinstance(tensor, Broken):
        return BROKEN
    return TensorList(tuple(_row(call, tensor, i) for i in range(tensor.shape[0])))


@control("TensorListGetItem")
def get_item(call: Call) -> Leaf:
    """One element; zeros if it is not set."""
    elements = _elements(call)
    if elements is None:
        return BROKEN
    index = _index(call, len(elements))
    element = elements[index]
    return _zeros(call, elements, 2) if element is None else element


@control("TensorListSetItem")
def set_item(call: Call) -> Leaf:
    """The list with another element."""
    elements = _elements(call)
    if elements is None:
        return BROKEN
    index = _index(call, len(elements))
    return TensorList((*elements[:index], call.leaves[2], *elements[index + 1 :]))


@control("TensorListPushBack")
def push_back(call: Call) -> Leaf:
    """The list with one element more."""
    elements = _elements(call)
    return BROKEN if elements is None else TensorList((*elements, call.leaves[1]))


@control("TensorListPopBack")
def pop_back(call: Call) -> list[Leaf]:
    """The list without its last element, and that."""
    elements = _elements(call)
    if elements is None:
        return [BROKEN, BROKEN]
    if not elements:
        raise Unsupported("of an empty list")
    last = elements[-1]
    return [TensorList(elements[:-1]), _zeros(call, elements, 1) if last is None else last]


@control("TensorListLength")
def length(call: Call) -> Leaf:
    """How many elements there are."""
    elements = _elements(call)
    return BROKEN if elements is None else Known(np.asarray(len(elements), np.int32))


@control("TensorListStack")
def stack(call: Call) -> Leaf:
    """The elements as rows of a tensor."""
    elements = _elements(call)
    if elements is None:
        return BROKEN
    rows = _set(call, elements)
    if any(isinstance(row, Broken) for row in rows):
        return BROKEN
    tensors = [row for row in rows if not isinstance(row, Broken)]
    if not tensors:
        shape = _shape(call, elements, 1)
        return Known(np.zeros((0, *shape), call.attr("element_dtype").as_numpy_dtype))
    return call.emit.concat([call.emit.reshape(t, (1, *t.shape)) for t in tensors], 0)


@control("TensorListConcatV2")
def concat(call: Call) -> list[Leaf]:
    """The elements one after the other along their first axis, and how long each is there."""
    elements = _elements(call)
    if elements is None:
        return [BROKEN, BROKEN]
    tensors = [e for e in elements if e is not None and not isinstance(e, Broken)]
    if len(tensors) < len(elements) or not tensors:
        return [BROKEN, BROKEN]
    return [call.emit.concat(tensors, 0), Known(np.asarray([t.shape[0] for t in tensors], np.int64))]


def _elements(call: Call) -> tuple[Leaf | None, ...] | None:
    handle = call.leaves[0]
    return handle.elements if isinstance(handle, TensorList) else None


def _index(call: Call, size: int) -> int:
    index = int(call.known(1, "index"))
    if not 0 <= index < size:
        raise Unsupported(f"index {index} of a list of {size} elements")
    return index


def _row(call: Call, tensor: Tensor, index: int) -> Tensor:
    rest = len(tensor.shape) - 1
    row = call.emit.slice(tensor, (index, *(0,) * rest), (1, *tensor.shape[1:]), (1,) * (rest + 1))
    return call.emit.reshape(row, tensor.shape[1:])


def _set(call: Call, elements: Sequence[Leaf | None]) -> list[Leaf]:
    return [_zeros(call, elements, 1) if element is None else element for element in elements]


def _zeros(call: Call, elements: Sequence[Leaf | None], index: int) -> Known:
    return Known(np.zeros(_shape(call, elements, index), call.attr("element_dtype").as_numpy_dtype))


def _shape(call: Call, elements: Sequence[Leaf | None], index: int) -> tuple[int, ...]:
    """That of an element which is not set: as another one, or as an input says."""
    for element in elements:
        if element is not None and not isinstance(element, Broken):
            return element.shape
    shape = tuple(int(d) for d in np.atleast_1d(call.known(index, "shape of elements")))
    if any(d < 0 for d in shape):
        raise Unsupported("of elements whose shape is not known")
    return shape
