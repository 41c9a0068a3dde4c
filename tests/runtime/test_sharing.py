"""What a client uploads."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import numpy as np
import pytest
from manifests import manifest_with, shared_input

from ezprivsecfl.errors import InputError
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.proofs import plan_of
from ezprivsecfl.runtime.sharing import SEED_BYTES, Occasion, Uploads, checked, share, upload_messages
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


def combined(occasion: Occasion, layout: _duet.ProofLayout, uploads: Uploads) -> np.ndarray:
    """What both servers' shares add up to."""
    return (uploads.low + _duet.expand_upload(layout, uploads.seed, occasion.context)).astype(np.int64)


@pytest.mark.parametrize("shape", [(), (1000,), (300, 500)])
def test_one_server_gets_a_seed_and_the_other_10_bytes_per_parameter_and_a_proof(shape):
    manifest = manifest_with(shared_input("w", *shape, frac=24), shared_input("b", frac=24))
    layout = plan_of(manifest).layout
    update = np.random.default_rng(0).normal(0, 0.05, shape).astype(np.float32)
    bias = np.float32(0.5)
    occasion = Occasion(bytes(32), bytes(range(16)), 3)
    uploads = share(manifest, checked(manifest, {"w": update, "b": bias}), occasion)
    (first_bytes, first), (second_bytes, second) = map(sent, upload_messages("0" * 64, occasion, uploads))
    assert 0 <= first_bytes - SEED_BYTES < HEADER_BYTES
    large = 0 if update.size <= 1000 else update.size + 4  # with the entries that go with its norm
    bits = ((88, large), (80, layout.entries - large))
    assert layout.high_bytes == sum((b - 64) // 8 * count for b, count in bits)
    assert 0 <= second_bytes - 8 * layout.entries - layout.high_bytes - 32 * layout.coefficients < HEADER_BYTES
    header = {"do": "upload", "program": "0" * 64, "client": 3, "round": bytes(range(16)).hex()}
    assert first.header == second.header == header
    (seed,), (low, high, proof) = first.arrays, second.arrays
    arrived = Uploads(seed.tobytes(), low, high, proof)
    parts = plan_of(manifest).parts(combined(occasion, layout, arrived).view(np.uint64))
    for path, value in (("w", update), ("b", bias)):
        decoded = parts[path].astype(np.int64).reshape(np.shape(value)) / 2.0**24
        np.testing.assert_allclose(decoded, value, atol=2.0**-25)


def test_shares_are_uniform_and_redacted():
    manifest = manifest_with(shared_input("x", 4000, frac=20))
    occasion, values = Occasion(bytes(32), bytes(16), 0), checked(manifest, {"x": np.zeros(4000)})
    first, second = (share(manifest, values, occasion) for _ in range(2))
    assert "secret" in repr(first)
    assert str(int(first.low[0])) not in repr(first)
    for part in (first.low[:4000].view(np.uint8), first.high[:8000]):
        assert abs(np.unpackbits(part).mean() - 0.5) < 0.01
    np.testing.assert_array_equal(combined(occasion, plan_of(manifest).layout, first), values)
    assert first.seed != second.seed
    assert not np.array_equal(first.proof, second.proof)


def test_a_seed_is_worth_nothing_in_another_place():
    """Another program, round or client's number makes other shares of it."""
    manifest = manifest_with(shared_input("x", 20, frac=20))
    occasion, values = Occasion(bytes(32), bytes(16), 0), checked(manifest, {"x": np.ones(20)})
    layout, uploads = plan_of(manifest).layout, share(manifest, values, occasion)
    np.testing.assert_array_equal(combined(occasion, layout, uploads), values)
    for field, other in (("program_hash", b"\1" * 32), ("round_id", b"\1" * 16), ("client", 1)):
        elsewhere = replace(occasion, **{field: other})
        assert not np.any(combined(elsewhere, layout, uploads) == values), field


def test_values_that_narrow_shares_do_not_hide_are_the_clients_fault():
    manifest = replace(manifest_with(shared_input("x", 400)), share_bits=64)
    values = np.full(plan_of(manifest).layout.entries, 1 << 62)
    with pytest.raises(InputError, match=r"the values are too large for shares of 64 bits.*--share-bits 80"):
        share(manifest, values, Occasion(bytes(32), bytes(16), 2))
