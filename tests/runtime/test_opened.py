"""What the servers open and send: only what the result shows, and only after the checks."""

from __future__ import annotations

import numpy as np
import pytest
from lattice import contains, summands_lattice
from on_duet import declared_cost
from opened import as_opened, run_plain
from pair import Pair
from small_programs import TensorProgram, fltrust

from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import DivisionError
from ezprivsecfl.ir.mpc.io import Share
from ezprivsecfl.ir.tensor.elementwise import Mul
from ezprivsecfl.ir.tensor.structure import Sum

SIZE = 10
QUANTA = 2.0**20
"""Updates are multiples of 1/QUANTA: about 16 bits each, so that the attack needs few dimensions."""


def sum_program() -> Compiled:
    b = TensorProgram("sum")
    total = b.add(Sum, b.clients("x", 5), axes=(0,))
    b.returns(b.add(Mul, total, b.server("rate")))
    return compile_program(b.build(), Options(clients=4))


@pytest.fixture(scope="module")
def summing():
    return Pair(sum_program())


@pytest.fixture(scope="module")
def trusting():
    return Pair(compile_program(fltrust(SIZE), Options(clients=4, proofs=False)))


def updates(seed: int, clients: int = 2) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    direction = rng.normal(0, 0.1, SIZE)  # so clear that all clients count
    given = np.rint((direction + rng.normal(0, 0.05, (clients, SIZE))) * QUANTA) / QUANTA
    return {"updates": given}, {"root": (direction + rng.normal(0, 0.02, SIZE)).astype(np.float32)}


def test_from_what_is_opened_no_lattice_reduction_finds_the_summands(trusting):
    """Exact weighted sums of two clients' updates give both away (the attack works); what is opened does not."""
    exact_found, opened_found = 0, 0
    for seed in range(4):
        clients, server = updates(seed)
        results = trusting.round(clients, server)
        assert not any(isinstance(r, Exception) for r in results)
        truth = [[int(t) for t in np.rint(u * QUANTA)] for u in clients["updates"]]
        seen: list[np.ndarray] = []
        run_plain(trusting.compiled, clients, server, seen)
        exact = [int(v) for v in seen[0].astype(np.int64).ravel()]
        ((value, bits),) = trusting.engines[0].revealed
        opened = [int(v) for v in value.astype(np.int64).ravel()]
        leading = [(v + 1) >> (64 - bits) for v in opened]
        for size in (6, 8, SIZE):
            exact_found += found(exact[:size], truth)
            opened_found += found(opened[:size], truth) + found(leading[:size], truth)
    assert exact_found >= 12
    assert opened_found == 0


def found(sums: list[int], truth: list[list[int]]) -> int:
    """How many clients' values lie in the lattice that an attacker computes."""
    basis = summands_lattice(sums, 2)
    return sum(contains(basis, u[: len(sums)]) for u in truth)


def test_checks_are_judged_before_anything_of_the_result_is_opened(trusting):
    clients, server = updates(0, clients=3)
    trusting.round(clients, server)
    for engine in trusting.engines:
        assert engine.calls[-2:] == ["online", "reveal"]
    sent = [server_.stats["online"]["messages_sent"] for server_ in trusting.servers]
    clients["updates"][1] = 0.0
    for engine in trusting.engines:
        engine.revealed = []
    for result in trusting.round(clients, server, drop_bad_clients=False):
        assert isinstance(result, DivisionError)
    for engine, server_, before in zip(trusting.engines, trusting.servers, sent, strict=True):
        assert engine.calls[-1] == "online"
        assert any(engine.counts)
        assert not engine.revealed
        # Without the two steps of the reveal. What gave reason for the error is confirmed, like a result.
        assert server_.stats["online"]["messages_sent"] == before - 2


def test_only_the_pass_in_which_all_checks_hold_opens_anything(trusting):
    """A client is left out by its check alone: nothing is opened of the pass that it was in."""
    clients, server = updates(0, clients=4)
    clients["updates"][1] = 0.0
    for engine in trusting.engines:
        engine.calls, engine.revealed = [], []
    results = trusting.round(clients, server)
    assert not any(isinstance(r, Exception) for r in results)
    for engine, server_ in zip(trusting.engines, trusting.servers, strict=True):
        assert [call for call in engine.calls if call != "setup"] == ["online", "online", "reveal"]
        assert server_.kept == (0, 2, 3)


@pytest.mark.parametrize("magnitude", [2.0**-22, 2.0**-12, 1e-3, 1.0, 7.9])
def test_reported_bits_are_what_was_sent(summing, magnitude):
    clients = {"x": magnitude * np.array([[0.5, -0.25, 0.0, 0.99, -0.99]] * 4)}
    server = {"rate": np.float64(0.5)}
    summing.round(clients, server)
    summing.round(clients, server)
    (opened,) = summing.servers[0].opened
    assert opened == summing.servers[1].opened[0]
    assert (opened["output"], opened["elements"]) == ("result", 5)
    declared = declared_cost(as_opened(summing.compiled.secure, [opened]), 4, summing.compiled)
    phases = [[s.stats["agreement"], s.stats["online"]] for s in summing.servers]
    assert [sum(s["bytes_sent"] for s in sent) for sent in phases] == list(declared.online_bytes)
    assert max(sum(s["rounds"] for s in sent) for sent in phases) == declared.rounds
    frac = summing.compiled.secure.of(Share)[0].type.frac
    largest = int(np.rint(4 * 0.99 * magnitude * 2.0**frac))
    assert opened["bits"] == min(64, 64 - largest.bit_length() + 24)


def test_different_public_values_are_noticed_before_anything_is_opened():
    """Also where there is no other message in which to say so."""
    pair = Pair(sum_program())
    original = pair.servers[1].clear.prepared

    def other(server, clients):
        return original({"rate": np.float64(0.0)}, clients)

    pair.servers[1].clear.prepared = other
    results = pair.round({"x": np.ones((4, 5))}, {"rate": np.float64(1.0)})
    assert [type(r).__name__ for r in results] == ["MismatchError"] * 2
    assert not any(engine.revealed for engine in pair.engines)


def test_equal_results_are_opened_alike_and_take_the_same_messages(summing):
    """Values shifted between clients, or anything at all where the factor is zero."""
    rng = np.random.default_rng(3)
    x = rng.integers(-1000, 1000, (4, 5)) / 2**12
    shift = rng.integers(-1000, 1000, 5) / 2**12
    others = {0.5: x + np.outer([1, -1, 0, 0], shift), 0.0: rng.integers(-1000, 1000, (4, 5)) / 2**8}
    for rate, y in others.items():
        views = []
        for given in (x, y):
            results = summing.round({"x": given}, {"rate": np.float64(rate)})
            ((value, bits),) = summing.engines[1].revealed
            views.append((value, bits, summing.servers[1].session.stats()["online"], results[0]["result"]))
        (value, bits, stats, result), (other, other_bits, other_stats, other_result) = views
        unit = 2 ** (64 - bits)
        assert bits == other_bits
        assert np.max(np.abs((value - other).astype(np.int64))) <= 2 * unit
        assert [stats[k] for k in ("bytes_sent", "messages_sent", "rounds")] == [
            other_stats[k] for k in ("bytes_sent", "messages_sent", "rounds")
        ]
        np.testing.assert_allclose(result, other_result, rtol=0, atol=2.0**-22 * max(np.max(np.abs(result)), 1e-9))
