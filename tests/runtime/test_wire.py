"""Messages between the driver and a server."""

from __future__ import annotations

import pickle
import socket
import threading
import tracemalloc

import numpy as np
import pytest

from ezprivsecfl.runtime.wire import AT_ONCE, LENGTH, MAX_HEADER, ClosedError, Message, receive, send


@pytest.fixture
def pair():
    first, second = socket.socketpair()
    with first, second:
        first.settimeout(20)
        second.settimeout(20)
        yield first, second


def through(pair, message):
    thread = threading.Thread(target=send, args=(pair[0], message))
    thread.start()
    received = receive(pair[1])
    thread.join(10)
    return received


ARRAYS = [
    np.array(3.5),
    np.zeros((0, 4), np.uint64),
    np.arange(6, dtype=np.int32).reshape(2, 3).T,  # not contiguous
    np.arange(100_000, dtype=np.uint64).reshape(100, 1000)[::2],
    np.array([True, False]),
    np.float32(1.25),
    np.array([1, 2], dtype=">i4"),
]


def test_arrays_arrive_as_they_were_sent(pair):
    got = through(pair, Message({"do": "x", "nested": {"a": [1, None, "ü"]}}, ARRAYS))
    assert got.header == {"do": "x", "nested": {"a": [1, None, "ü"]}}
    for sent, received in zip(ARRAYS, got.arrays, strict=True):
        np.testing.assert_array_equal(received, sent)
        assert (received.dtype, received.shape) == (np.asarray(sent).dtype, np.shape(sent))


def test_messages_do_not_run_into_each_other(pair):
    for i in range(3):
        send(pair[0], Message({"i": i}, [np.full(5, i)]))
    assert [receive(pair[1]).header["i"] for _ in range(3)] == [0, 1, 2]


def test_the_end_of_the_stream(pair):
    pair[0].sendall(LENGTH.pack(100) + b'{"half"')
    pair[0].close()
    with pytest.raises(ClosedError, match="closed the connection"):
        receive(pair[1])


def test_an_absurd_length_is_refused(pair):
    pair[0].sendall(LENGTH.pack(MAX_HEADER + 1))
    with pytest.raises(ClosedError, match="no message of ours"):
        receive(pair[1])


def test_memory_grows_with_what_has_arrived(pair):
    """Whoever claims a long header and sends little of it costs the receiver little."""
    pair[0].sendall(LENGTH.pack(MAX_HEADER) + b"x" * 100)
    pair[0].close()
    tracemalloc.start()
    try:
        with pytest.raises(ClosedError, match="closed the connection"):
            receive(pair[1])
        assert tracemalloc.get_traced_memory()[1] < 4 * AT_ONCE
    finally:
        tracemalloc.stop()


def test_a_long_header_arrives_whole(pair):
    header = {"do": "x", "text": "ü" * AT_ONCE}
    assert through(pair, Message(header)).header == header


def test_nothing_is_unpickled(pair):
    pair[0].sendall(LENGTH.pack(len(data := pickle.dumps({"do": "load"}))) + data)
    with pytest.raises(ClosedError, match="no message of ours"):
        receive(pair[1])


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b'{"do": "upload"}',
        b'{"arrays": 3}',
        b'{"arrays": [{"dtype": "<f8"}]}',
        b'{"arrays": [{"dtype": "|O", "shape": [1]}]}',
        b'{"arrays": [{"dtype": "|V0", "shape": [1]}]}',
        b'{"arrays": [{"dtype": "<u8", "shape": [-1]}]}',
        b'{"arrays": [{"dtype": "<u8", "shape": [1.5]}]}',
        b'{"arrays": [{"dtype": "<u8", "shape": [0, 9223372036854775808]}]}',
        b'{"arrays": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_message_ends_the_connection(pair, header):
    pair[0].sendall(LENGTH.pack(len(header)) + header)
    with pytest.raises(ClosedError, match="no message of ours"):
        receive(pair[1])


def test_more_than_the_receiver_takes_is_not_kept(pair):
    large = Message({"do": "upload"}, [np.zeros(30_000, np.uint64), np.zeros(3)])
    sender = threading.Thread(target=lambda: [send(pair[0], m) for m in (large, Message({"do": "next"}))])
    sender.start()
    got = receive(pair[1], lambda header: 240_000 if header["do"] == "upload" else None)
    assert (got.arrays, got.skipped) == ((), 240_024)
    assert receive(pair[1]).header == {"do": "next"}
    sender.join(10)


def test_contents_are_not_printed():
    assert "12345678" not in repr(Message({"do": "upload", "secret": 12345678}, [np.array([12345678])]))
