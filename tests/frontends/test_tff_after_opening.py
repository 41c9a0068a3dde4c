"""What the server computes of opened aggregates, and what is opened for that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_federated as tff

import ezprivsecfl as ez
from ezprivsecfl.errors import RunError, UnsupportedError
from ezprivsecfl.frontends.tff import TracedComputation, Traces
from ezprivsecfl.ir.tensor import Output

Agrees = Callable[..., Any]

COUNTS = tff.TensorType(np.int32, [4])
AT_CLIENTS = tff.FederatedType(COUNTS, tff.CLIENTS)
NAMES = ["ada", "bob", "cyd", "dan"]
VOTES = [np.array([1, 0, 2, 0], np.int32), np.array([1, 0, 0, 1], np.int32), np.array([1, 0, 1, 0], np.int32)]

STRINGS = tff.TensorType(np.str_, [4])
AT_SERVER = tff.FederatedType(STRINGS, tff.SERVER)


def traced(computation: Any) -> TracedComputation:
    return Traces(computation).first(2)


def at_server(function: Any) -> Any:
    """A computation that calls a function with the sum over the clients."""
    decoded = tff.tensorflow.computation(function, COUNTS)

    @tff.federated_computation(AT_CLIENTS)
    def decode(counts: Any) -> Any:
        return tff.federated_map(decoded, tff.federated_sum(counts))

    return decode


def opened(computation: Any) -> list[tuple[str, tuple[int, ...], str]]:
    """Path, shape and element type of everything that servers see."""
    outputs = traced(computation).program.of(Output)
    types = [(op.path, op.operands[0].type) for op in outputs]
    return [(path, tuple(type_.shape), type_.dtype.value) for path, type_ in types]


def names_of_many(counts: Any) -> Any:
    return tf.boolean_mask(tf.constant(NAMES), counts >= 2)


def indices_of_many(counts: Any) -> Any:
    return tf.squeeze(tf.where(counts >= 2), axis=1)


def text(counts: Any) -> Any:
    return tf.strings.join([tf.constant(NAMES), tf.strings.as_string(counts * counts)], separator=":")


@tf.function
def repeated(counts: Any) -> Any:
    """A loop whose number of rounds is secret, on a tensor that grows."""
    result = tf.constant([], tf.string)
    for i in tf.range(4):
        tf.autograph.experimental.set_loop_options(shape_invariants=[(result, tf.TensorShape([None]))])
        if counts[i] > 1:
            result = tf.concat([result, tf.repeat(tf.constant(NAMES)[i : i + 1], counts[i])], axis=0)
    return result


@tf.function
def looked_up(counts: Any) -> Any:
    """A table and a queue."""
    queue = tf.queue.FIFOQueue(4, [tf.string], [[]])
    for i in range(4):
        if counts[i] > 1:
            queue.enqueue(tf.constant(NAMES)[i])
    return queue.dequeue_many(queue.size())


DECODERS = {
    names_of_many: ("bool", (4,)),
    indices_of_many: ("bool", (4,)),
    text: ("i32", (4,)),
    repeated: ("i32", (4,)),
}


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda f: getattr(f, "__name__", "repeated"))
def test_strings_and_unknown_shapes_are_computed_of_what_is_opened(decoder: Any, agrees: Agrees) -> None:
    """As late as possible: what can be computed on shares before is."""
    computation = at_server(decoder)
    dtype, shape = DECODERS[decoder]
    assert opened(computation) == [("opened/0", shape, dtype)]
    assert len(agrees(computation, VOTES)) in (2, 4, 6)


def test_queues_are_in_order(agrees: Agrees) -> None:
    assert list(agrees(at_server(looked_up), VOTES)) == [b"ada", b"cyd"]


def test_other_results_of_the_same_computation_stay_on_shares(agrees: Agrees) -> None:
    """Only what the strings are made of is opened, not what the rest is made of."""
    computation = at_server(lambda counts: (names_of_many(counts), tf.reduce_sum(counts * counts)))
    assert opened(computation) == [("result/1", (), "i32"), ("opened/0", (4,), "bool")]
    agrees(computation, VOTES)


def test_what_is_a_result_is_not_opened_twice(agrees: Agrees) -> None:
    computation = at_server(lambda counts: (counts, tf.strings.as_string(counts), tf.strings.length(text(counts))))
    assert opened(computation) == [("result/0", (4,), "i32"), ("opened/0", (4,), "i32")]  # counts · counts
    agrees(computation, VOTES)


def test_nothing_is_opened_for_what_is_no_result() -> None:
    names = tff.tensorflow.computation(names_of_many, COUNTS)

    @tff.federated_computation(AT_CLIENTS)
    def total(counts: Any) -> Any:
        summed = tff.federated_sum(counts)
        tff.federated_map(names, summed)
        return summed

    assert opened(total) == [("result", (4,), "i32")]
    assert traced(total).clear_work is None


def test_only_what_results_take_is_opened(agrees: Agrees) -> None:
    names, shown = (tff.tensorflow.computation(function, COUNTS) for function in (names_of_many, text))

    @tff.federated_computation(AT_CLIENTS)
    def decode(counts: Any) -> Any:
        summed = tff.federated_sum(counts)
        tff.federated_map(shown, summed)
        return tff.federated_map(names, summed)

    assert opened(decode) == [("opened/0", (4,), "bool")]
    agrees(decode, VOTES)


def test_one_computation_after_the_other(agrees: Agrees) -> None:
    """What comes after the opening goes to other computations, with what the server has and what is on shares."""
    names = tff.tensorflow.computation(names_of_many, COUNTS)

    @tff.tensorflow.computation(tff.TensorType(np.str_, [None]), STRINGS, COUNTS)
    def joined(found: Any, titles: Any, counts: Any) -> Any:
        return tf.strings.reduce_join(found), titles, tf.shape(found)[0] + tf.reduce_max(counts)

    @tff.federated_computation(AT_CLIENTS, AT_SERVER)
    def decode(counts: Any, titles: Any) -> Any:
        summed = tff.federated_sum(counts)
        return tff.federated_map(joined, (tff.federated_map(names, summed), titles, summed))

    shapes = {(shape, dtype) for _, shape, dtype in opened(decode)}
    assert shapes == {((4,), "bool"), ((), "i32")}  # the maximum alone, not the counts
    found, titles, largest = agrees(decode, VOTES, np.array(["a", "b", "c", "d"]))
    assert (found, list(titles), largest) == (b"adacyd", [b"a", b"b", b"c", b"d"], 5)


def test_what_the_server_draws_before_is_not_drawn_again(evaluate: Callable[..., Any]) -> None:
    draw = tff.tensorflow.computation(lambda: tf.random.uniform([4]))
    shown = tff.tensorflow.computation(
        lambda counts, drawn: tf.strings.join([tf.strings.as_string(counts), tf.strings.as_string(drawn)], "@"),
        [COUNTS, tff.TensorType(np.float32, [4])],
    )

    @tff.federated_computation(AT_CLIENTS)
    def decode(counts: Any) -> Any:
        drawn = tff.federated_eval(draw, tff.SERVER)
        return drawn, tff.federated_map(shown, (tff.federated_sum(counts), drawn))

    drawn, texts = evaluate(decode, VOTES)
    assert [text.decode().partition("@")[0] for text in texts] == ["3", "0", "3", "1"]
    np.testing.assert_allclose([float(text.decode().partition("@")[2]) for text in texts], drawn, atol=1e-5)


def test_the_boundary_says_what_is_opened() -> None:
    lines = traced(at_server(text)).boundary()
    (opened_line,) = (line for line in lines if line.startswith("Opened for the server's own work: opened/0 int32[4]"))
    assert "test_tff_after_opening.py:" in opened_line
    assert "The server returns result, which it computes of what is opened" in lines


@pytest.mark.parametrize("function", [names_of_many, text], ids=["names", "text"])
def test_a_single_clients_values_are_not_opened(function: Any) -> None:
    mapped = tff.tensorflow.computation(function, COUNTS)

    @tff.federated_computation(AT_CLIENTS)
    def each(counts: Any) -> Any:
        return tff.federated_map(mapped, counts)

    with pytest.raises(UnsupportedError, match=r"Where|AsString"):
        traced(each)


def test_what_is_opened_reaches_clients_in_the_next_round_only() -> None:
    lengths = tff.tensorflow.computation(lambda counts: tf.shape(names_of_many(counts))[0], COUNTS)
    scaled = tff.tensorflow.computation(lambda length, counts: length * counts, [tff.TensorType(np.int32), COUNTS])

    @tff.federated_computation(AT_CLIENTS)
    def again(counts: Any) -> Any:
        length = tff.federated_broadcast(tff.federated_map(lengths, tff.federated_sum(counts)))
        return tff.federated_sum(tff.federated_map(scaled, (length, counts)))

    with pytest.raises(UnsupportedError, match=r"computed on shares|stays where it is"):
        traced(again)


def test_sums_over_clients_of_what_is_opened_are_refused() -> None:
    lengths = tff.tensorflow.computation(lambda counts: tf.shape(names_of_many(counts))[0], COUNTS)

    @tff.federated_computation(AT_CLIENTS)
    def again(counts: Any) -> Any:
        length = tff.federated_broadcast(tff.federated_map(lengths, tff.federated_sum(counts)))
        return tff.federated_sum(length)

    with pytest.raises(UnsupportedError, match="stays where it is"):
        traced(again)


def test_operations_on_numbers_that_nobody_has_written_stay_refused() -> None:
    """They are not opened instead: nothing in them cannot be computed on shares."""
    inverse = tff.tensorflow.computation(
        lambda counts: tf.linalg.inv(tf.linalg.diag(tf.cast(counts, tf.float32)) + tf.eye(4)), COUNTS
    )

    @tff.federated_computation(AT_CLIENTS)
    def inverted(counts: Any) -> Any:
        return tff.federated_map(inverse, tff.federated_sum(counts))

    with pytest.raises(UnsupportedError, match="MatrixInverse: not supported"):
        traced(inverted)


AFTER = "random numbers in what the server computes after the opening"


@pytest.mark.parametrize(
    ("draw", "why"),
    [
        (tf.random.normal, "noise whose shape is not known before the round"),
        (tf.random.uniform, AFTER),
        (tf.random.truncated_normal, AFTER),
        (lambda shape: tf.random.stateless_truncated_normal(shape, [1, 2]), AFTER),
    ],
)
def test_noise_after_the_opening_is_refused(draw: Any, why: str) -> None:
    """Both servers would have seen what it is to hide."""
    noised = at_server(
        lambda counts: tf.boolean_mask(tf.cast(counts, tf.float32), counts > 1) + draw(tf.shape(names_of_many(counts)))
    )
    with pytest.raises(UnsupportedError, match=why):
        traced(noised)


def test_noise_on_shares_is_not_opened_by_itself() -> None:
    """Noise of known shape is drawn on shares; added to what is opened it would be opened, too."""
    noised = at_server(
        lambda counts: tf.strings.join(
            [tf.strings.as_string(counts), tf.strings.as_string(tf.random.normal([4]))], separator="+"
        )
    )
    with pytest.raises(UnsupportedError, match="noise that is used by itself"):
        ez.compile(noised)


INVERSE = lambda x: tf.linalg.inv(tf.linalg.diag(x) + tf.eye(4))[0]  # noqa: E731


@pytest.mark.parametrize(
    "loop",
    [
        lambda x: tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, INVERSE(y) + x), (0, x))[1],
        tf.function(lambda x: tf.map_fn(lambda y: INVERSE(y * x), tf.stack([x, 2.0 * x]))),
        tf.function(
            lambda x: tf.while_loop(
                lambda i, y: i < 2,
                lambda i, y: (i + 1, tf.reduce_sum(tf.map_fn(lambda z: INVERSE(z + x), tf.stack([y, x])), 0)),
                (0, x),
            )[1]
        ),
    ],
    ids=["while", "map", "map in while"],
)
def test_loops_over_numbers_do_not_open_what_is_refused_outside(loop: Any) -> None:
    """Although TensorFlow does not know all shapes inside of them."""
    mapped = tff.tensorflow.computation(lambda counts: loop(tf.cast(counts, tf.float32)), COUNTS)

    @tff.federated_computation(AT_CLIENTS)
    def inverted(counts: Any) -> Any:
        return tff.federated_map(mapped, tff.federated_sum(counts))

    with pytest.raises(UnsupportedError, match="MatrixInverse: not supported"):
        traced(inverted)


@pytest.mark.parametrize(
    "choose",
    [
        lambda scores: tf.random.categorical(tf.reshape(scores, [1, -1]), 1),
        lambda scores: tf.random.shuffle(scores)[:1],
        lambda scores: tf.random.stateless_categorical(tf.reshape(scores, [1, -1]), 1, [1, 2]),
    ],
)
def test_mechanisms_after_the_opening_are_refused(choose: Any) -> None:
    """The exponential mechanism on opened scores would hide nothing from the servers."""
    chosen = at_server(lambda counts: choose(tf.boolean_mask(tf.cast(counts, tf.float32), counts > 0)))
    with pytest.raises(UnsupportedError, match=AFTER):
        traced(chosen)


def test_errors_of_the_servers_own_work_are_typed(evaluate: Callable[..., Any]) -> None:
    numbers = at_server(lambda counts: tf.strings.to_number(tf.strings.join([tf.constant("x"), text(counts)[0]])))
    with pytest.raises(RunError, match=r"decode: the server's own work after the opening \(.*\) failed"):
        evaluate(numbers, VOTES)


def test_rounds_without_anything_on_shares(agrees: Agrees) -> None:
    """Names are decoded in every second round; in the others nothing depends on the clients."""

    @tff.tensorflow.computation(COUNTS, np.int32)
    def decoded(counts: Any, round_: Any) -> Any:
        names = tf.cond(tf.equal(round_ % 2, 0), lambda: names_of_many(counts), lambda: tf.constant(["nothing"]))
        return round_ + 1, names

    @tff.federated_computation(AT_CLIENTS, tff.FederatedType(np.int32, tff.SERVER))
    def every_other(counts: Any, round_: Any) -> Any:
        return tff.federated_map(decoded, (tff.federated_sum(counts), round_))

    ez.set_secure_execution_context(backend="plain")
    for round_, found in ((0, [b"ada", b"cyd"]), (1, [b"nothing"]), (2, [b"ada", b"cyd"])):
        number, names = every_other(VOTES, round_)
        assert (number, list(names)) == (round_ + 1, found)
