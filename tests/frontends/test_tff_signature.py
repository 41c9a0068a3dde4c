"""Arguments to arrays by path and back; what is wrong with an argument is said with client and parameter."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

from ezprivsecfl.errors import InputError, UnsupportedError
from ezprivsecfl.frontends.tff import Signature, Traces, trace

LAYER = tff.to_type(collections.OrderedDict(kernel=(np.float32, [2, 3]), bias=np.float32))


@tff.federated_computation(
    tff.FederatedType(LAYER, tff.CLIENTS),
    tff.FederatedType(np.int32, tff.CLIENTS),
    tff.FederatedType((np.float32, [2]), tff.SERVER),
)
def layers(updates: Any, counts: Any, start: Any) -> Any:
    return collections.OrderedDict(layer=tff.federated_sum(updates), count=tff.federated_sum(counts), start=start)


@pytest.fixture(scope="module")
def signature() -> Signature:
    return trace(layers).signature


def layer(kernel: Any = None, bias: Any = 1.0) -> Any:
    return {"kernel": np.ones((2, 3), np.float32) if kernel is None else kernel, "bias": bias}


def argument(**changed: Any) -> Any:
    values = {"updates": [layer(), layer()], "counts": [1, 2], "start": np.zeros(2, np.float32)} | changed
    return tff.structure.Struct(values.items())


def test_flatten(signature: Signature) -> None:
    arguments = signature.flatten(argument())
    assert arguments.clients == 2
    assert list(arguments.values) == ["updates/kernel", "updates/bias", "counts", "start"]
    kernels, counts, start = (arguments.values[p] for p in ("updates/kernel", "counts", "start"))
    assert isinstance(kernels, list)
    assert [k.shape for k in kernels] == [(2, 3), (2, 3)]
    assert [c.dtype for c in counts] == [np.int32, np.int32]
    assert not isinstance(start, list)
    stacked = arguments.stacked()
    assert {path: a.shape for path, a in stacked.items()} == {
        "updates/kernel": (2, 2, 3),
        "updates/bias": (2,),
        "counts": (2,),
        "start": (2,),
    }


@pytest.mark.parametrize(
    "one",
    [
        (np.ones((2, 3), np.float32), 1.0),
        [tf.ones([2, 3]), np.float32(1)],
        collections.OrderedDict(bias=1, kernel=[[1, 1, 1], [1.0, 1, 1]]),
        tff.structure.Struct([("kernel", tf.ones([2, 3])), ("bias", tf.Variable(1.0))]),
    ],
)
def test_containers_and_arrays(signature: Signature, one: Any) -> None:
    values = signature.flatten(argument(updates=[one], counts=[np.int32(1)])).values
    np.testing.assert_array_equal(values["updates/kernel"][0], np.ones((2, 3), np.float32))
    assert values["updates/bias"][0].dtype == np.float32


BAD = {
    "shape": (
        {"updates": [layer(), layer(np.ones((2, 4), np.float32))]},
        "client 1: parameter 'updates/kernel': has shape [2, 4], expected [2, 3]",
    ),
    "dtype": (
        {"updates": [layer(np.ones((2, 3))), layer()]},
        "client 0: parameter 'updates/kernel': has element type float64, expected float32",
    ),
    "python_float": (
        {"counts": [1, 2.5]},
        "client 1: parameter 'counts': has element type float64, expected int32",
    ),
    "range": ({"counts": [1, 2**40]}, "client 1: parameter 'counts': an element does not fit int32"),
    "bool": ({"counts": [True, 2]}, "client 0: parameter 'counts': has element type bool, expected int32"),
    "names": (
        {"updates": [{"kernel": 1, "beta": 2}, layer()]},
        "client 0: parameter 'updates': has the elements 'kernel', 'beta', expected 'kernel', 'bias'",
    ),
    "length": (
        {"updates": [layer(), (1.0,)]},
        "client 1: parameter 'updates': has 1 elements, expected 'kernel', 'bias'",
    ),
    "no_structure": (
        {"updates": [3.0, layer()]},
        "client 0: parameter 'updates': expected a structure of 'kernel', 'bias', not a float",
    ),
    "missing_client": (
        {"updates": [layer(), None]},
        "client 1: parameter 'updates': expected a structure of 'kernel', 'bias', not nothing",
    ),
    "missing_leaf": (
        {"updates": [layer(), layer(bias=None)]},
        "client 1: parameter 'updates/bias': the value is missing",
    ),
    "text": (
        {"updates": [layer(bias="x"), layer()]},
        "client 0: parameter 'updates/bias': a str is not a tensor of ",
    ),
    "ragged": (
        {"updates": [layer(kernel=[[1.0], [1.0, 2.0]]), layer()]},
        "client 0: parameter 'updates/kernel': not a tensor (its rows differ in length)",
    ),
    "client_counts": (
        {"counts": [1, 2, 3]},
        "layers: parameter 'counts' has 3 clients, but layers: parameter 'updates' has 2",
    ),
    "no_list": (
        {"counts": np.ones(2, np.int32)},
        "layers: parameter 'counts': expected a list with one value per client, not a ndarray",
    ),
    "server_missing": ({"start": None}, "layers: parameter 'start': the value is missing"),
    "server_shape": (
        {"start": np.ones(3, np.float32)},
        "layers: parameter 'start': has shape [3], expected [2]",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments(signature: Signature, name: str) -> None:
    changed, message = BAD[name]
    with pytest.raises(InputError) as caught:
        signature.flatten(argument(**changed)).stacked()
    assert str(caught.value).startswith(message)


def test_one_bad_client_is_no_error_of_the_others(signature: Signature) -> None:
    arguments = signature.flatten(argument(updates=[layer(), layer(bias="x")]))
    for path in ("updates/kernel", "updates/bias"):
        good, bad = arguments.values[path]
        assert isinstance(good, np.ndarray)
        assert isinstance(bad, InputError)
    assert all(isinstance(count, np.ndarray) for count in arguments.values["counts"])


def test_an_argument_without_some_clients(signature: Signature) -> None:
    given = argument(counts=[1, 2])
    rest = signature.without(given, [0])
    arguments = signature.flatten(rest)
    assert arguments.clients == 1
    assert arguments.stacked()["counts"].tolist() == [2]
    np.testing.assert_array_equal(arguments.stacked()["start"], given.start)


def test_missing_parameter(signature: Signature) -> None:
    with pytest.raises(InputError, match="layers: has 2 elements, expected 'updates', 'counts', 'start'"):
        signature.flatten(([layer()], [1]))
    with pytest.raises(InputError, match="layers: expected a structure of 'updates', 'counts', 'start', not nothing"):
        signature.flatten(None)


def test_unflatten(signature: Signature) -> None:
    outputs = {
        "layer/kernel": np.full((2, 3), 0.1),
        "layer/bias": np.array(2.0),
        "count": np.array(2.9999999),
        "start": np.zeros(2),
    }
    result = signature.unflatten(outputs)
    assert isinstance(result, collections.OrderedDict)
    assert list(result) == ["layer", "count", "start"]
    assert result["layer"]["kernel"].dtype == np.float32
    assert isinstance(result["layer"]["bias"], np.float32)
    assert isinstance(result["count"], np.int32)
    assert result["count"] == 3


def test_only_parameter_is_named_after_the_python_function() -> None:
    @tff.federated_computation(tff.FederatedType([np.float32, np.float32], tff.CLIENTS))
    def only(gradients: Any) -> Any:
        return tff.federated_sum(gradients)

    arguments = trace(only).signature.flatten([(1.0, 2.0), (3.0, 4.0)])
    assert list(arguments.values) == ["gradients/0", "gradients/1"]
    assert [op.path for op in trace(only).program.ops if hasattr(op, "path")][2:] == ["result/0", "result/1"]


def test_what_is_no_number_is_left_out_for_the_trace_to_name() -> None:
    """A client's string is no input; that the program cannot have it is said by what traces it, with the line."""
    client = tff.to_type(collections.OrderedDict(update=(np.float32, [2]), name=np.str_))

    @tff.federated_computation(tff.FederatedType(client, tff.CLIENTS))
    def total(clients: Any) -> Any:
        return tff.federated_sum(clients.update)

    found = Signature("total", total.type_signature.parameter, total.type_signature.result, "clients", "result")
    alice = {"update": np.ones(2, np.float32), "name": "alice"}
    arguments = found.flatten([alice, {**alice, "update": np.ones(3, np.float32)}])
    assert list(arguments.values) == ["clients/update"]
    assert [type(one) for one in arguments.values["clients/update"]] == [np.ndarray, InputError]


def test_a_parameter_of_strings_is_not_supported() -> None:
    @tff.federated_computation(tff.FederatedType(LAYER, tff.CLIENTS), tff.FederatedType(np.str_, tff.CLIENTS))
    def by_name(updates: Any, names: Any) -> Any:
        @tff.tensorflow.computation(np.float32, np.str_)
        def of_alice(bias: Any, name: Any) -> Any:
            return tf.where(name == "alice", bias, 0.0)

        return tff.federated_sum(tff.federated_map(of_alice, (updates.bias, names)))

    given = tff.structure.Struct([("updates", [layer(), layer()]), ("names", ["alice", "bob"])])
    with pytest.raises(UnsupportedError, match="parameter names: values of type str"):
        Traces(by_name).of(given)
