"""What is opened about clients whose values have no defined result: a bit for each client, and results only once."""

from __future__ import annotations

import numpy as np
import pytest
from in_process import InProcess
from on_duet import as_compiled
from small_programs import TensorProgram, fltrust

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import DivisionError
from ezprivsecfl.ir.interpreter import run_tensor
from ezprivsecfl.ir.tensor.elementwise import Sqrt
from ezprivsecfl.ir.tensor.structure import Sum

SIZE = 6


class Watched:
    """An engine's program; notes what it gives away."""

    def __init__(self, engine):
        self.engine = engine
        self.opened = []

    def setup(self, session, clients):
        self.engine.setup(session, clients)

    def online(self, session, shares, publics):
        checks = self.engine.online(session, shares, publics)
        self.opened.append(("checks", [np.array(bits) for bits in checks]))
        return checks

    def reveal(self, session, lowest):
        results = self.engine.reveal(session, lowest)
        self.opened.append(("results", [np.array(value) for value, _ in results]))
        return results


def watched(program, **options):
    """Both servers of a program, and what each opens."""
    artefact = as_compiled(compile_program(program, Options(clients=6, proofs=False, **options))).build()
    both = InProcess(artefact.folder)
    for server in both.servers:
        server.engine = Watched(server.engine)
    return both


def opened(both):
    """What the last round opened: the same at both servers."""
    first, second = (server.engine.opened for server in both.servers)
    assert [kind for kind, _ in first] == [kind for kind, _ in second]
    for (_, values), (_, others) in zip(first, second, strict=True):
        for value, other in zip(values, others, strict=True):
            np.testing.assert_array_equal(value, other)
    for server in both.servers:
        server.engine.opened = []
    return [kind for kind, _ in first], [values for _, values in first]


@pytest.fixture(scope="module")
def robust():
    return watched(fltrust(SIZE))


def updates(*zero):
    rng = np.random.default_rng(0)
    root = rng.normal(0, 1, SIZE)
    rows = root + rng.normal(0, 0.3, (5, SIZE))
    rows[list(zero)] = 0
    return {"root": root}, rows


@pytest.mark.parametrize("zero", [[], [3], [0, 4]])
def test_after_zero_updates_one_bit_for_each_client_and_the_results_of_the_others(robust, zero):
    server, rows = updates(*zero)
    for client, row in enumerate(rows):
        robust.upload(client, updates=row)
    got = robust.run(server, 5)
    kinds, values = opened(robust)
    bits = [int(c in zero) for c in range(5)]
    if zero:
        assert kinds == ["checks", "checks", "results"]
        assert [v.tolist() for v in values[0]] == [bits]
        assert [v.tolist() for v in values[1]] == [[0] * (5 - len(zero))]
    else:
        assert kinds == ["checks", "results"]
        assert [v.tolist() for v in values[0]] == [bits]
    assert [v.size for v in values[-1]] == [SIZE]
    kept = [c for c in range(5) if c not in zero]
    expected = run_tensor(fltrust(SIZE), {"updates": rows[kept], **server}, len(kept))["result"]
    for party, result in enumerate(got):
        np.testing.assert_allclose(result["result"], expected, rtol=1e-3)
        assert robust.servers[party].kept == tuple(kept)
        assert list(robust.servers[party].invalid) == zero


def test_a_round_that_fails_opens_no_results(robust):
    for zero, first in ([[0, 1, 2, 3], [1, 1, 1, 1, 0]], [[0, 1, 2, 3, 4], [1] * 5]):
        server, rows = updates(*zero)
        for client, row in enumerate(rows):
            robust.upload(client, updates=row)
        errors = robust.run(server, 5)
        assert all(isinstance(e, Exception) for e in errors)
        kinds, values = opened(robust)
        assert kinds == ["checks"]
        assert values[0][0].tolist() == first
    server, rows = updates(2)
    for client, row in enumerate(rows):
        robust.upload(client, updates=row)
    errors = robust.run(server, 5, drop_bad_clients=False)
    assert all(isinstance(e, DivisionError) and "client 2: " in str(e) for e in errors)
    assert opened(robust)[0] == ["checks"]


def test_results_are_handed_on_once(robust):
    """Who watches what a server decodes (as the sketches of attacks do) sees one set of clients."""
    seen = []
    for program in robust.servers:
        results = program.clear.results

        def watch(values, server, clients, results=results):
            seen.append(clients)
            return results(values, server, clients)

        program.clear.__dict__["results"] = watch
    server, rows = updates(1)
    for client, row in enumerate(rows):
        robust.upload(client, updates=row)
    robust.run(server, 5)
    assert seen == [4, 4]
    for program in robust.servers:
        del program.clear.__dict__["results"]
    opened(robust)


def two_roots():
    """For every client the roots of some numbers, summed; and the root of a sum over all clients."""
    b = TensorProgram("two_roots")
    b.returns(b.add(Sum, b.add(Sqrt, b.clients("own", 4)), axes=(0, 1)), "roots")
    b.returns(b.add(Sqrt, b.add(Sum, b.clients("all"), axes=(0,))), "root")
    return b.build()


def test_bits_are_no_counts_and_what_belongs_to_nobody_shows_in_finished_rounds_only():
    both = watched(two_roots(), bounds=ParameterBounds.of({"": 64.0}))
    own = np.ones((4, 4))
    own[1] = [-1, -4, -9, 1]
    for client in range(4):
        both.upload(client, own=own[client], all=np.array([4.0, -50.0, 5.0, 0.0][client]))
    both.run({}, 4)
    kinds, values = opened(both)
    assert kinds == ["checks", "checks", "results"]
    assert [v.tolist() for v in values[0]] == [[0, 1, 0, 0], 0]  # although the sum is negative with client 1
    assert [v.tolist() for v in values[1]] == [[0, 0, 0], 0]
    for client in range(4):
        both.upload(client, own=np.ones(4), all=np.array([4.0, -50.0, 5.0, 0.0][client]))
    errors = both.run({}, 4)
    assert all(isinstance(e, DivisionError) and "sqrt" in str(e) for e in errors)
    kinds, values = opened(both)
    assert kinds == ["checks"]
    assert [v.tolist() for v in values[0]] == [[0, 0, 0, 0], 1]
