"""What a client uploads."""

from __future__ import annotations

import socket
import threading

import numpy as np
import pytest

from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.sharing import SEED_BYTES, share, upload_messages
from ezprivsecfl.runtime.wire import Message, receive, send

HEADER_BYTES = 400


def sent(message: Message) -> tuple[int, Message]:
    """Bytes on the wire, and what arrives."""
    total = 0
    client, server = socket.socketpair()

    class Counting:
        def recv_into(self, target):
            nonlocal total
            count = server.recv_into(target)
            total += count
            return count

    with client, server:
        sender = threading.Thread(target=send, args=(client, message))
        sender.start()
        arrived = receive(Counting())
        sender.join()
    return total, arrived


@pytest.mark.parametrize("shape", [(), (1000,), (300, 500)])
def test_one_server_gets_a_seed_and_the_other_8_bytes_per_parameter(shape):
    update = np.random.default_rng(0).normal(0, 0.05, shape).astype(np.float32)
    bias = np.float32(0.5)
    parts = [share(update, 24, 8.0, "w", 0), share(bias, 24, 8.0, "b", 0)]
    (first_bytes, first), (second_bytes, second) = map(sent, upload_messages("0" * 64, 0, ["w", "b"], parts))
    assert 0 <= first_bytes - 2 * SEED_BYTES < HEADER_BYTES
    assert 0 <= second_bytes - 8 * (update.size + 1) < HEADER_BYTES
    assert first.header == second.header == {"do": "upload", "program": "0" * 64, "client": 0, "paths": ["w", "b"]}
    for value, seed, masked in zip((update, bias), first.arrays, second.arrays, strict=True):
        ring = masked + _duet.expand(seed.tobytes(), value.size).reshape(masked.shape)
        np.testing.assert_allclose(ring.astype(np.int64) / 2.0**24, value, atol=2.0**-25)
