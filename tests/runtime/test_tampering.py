"""Whatever is altered between the servers is an error, never a result."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from small_programs import fltrust
from tampering import KINDS, Bench, disturbance, ending, tamper, untouched

from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.program import arrays_digest


@pytest.fixture(scope="module")
def bench():
    return Bench(compile_program(fltrust(20), Options(clients=3)), 3)


def test_no_disturbance_gives_a_wrong_result(bench):
    counts = tamper(bench, 2 * len(KINDS), seed=1)
    assert sum(counts.values()) == 2 * len(KINDS)
    assert not [end for _, end in counts if end.split()[0].isupper()]
    assert [end for kind, end in counts if kind == "flip-payload" and "Error" in end]


def test_a_flipped_bit_that_no_check_of_the_protocol_sees_is_found_at_the_end(bench):
    """The shares that are opened: each value of them is possible."""
    plain = bench.round(untouched)
    for sender in (0, 1):
        before_the_confirmation = plain.frames[sender] - 2
        outcome = bench.round(disturbance("flip-payload", sender, before_the_confirmation, random.Random(3)))
        assert outcome.results == [None, None]
        messages = [str(e) for e in outcome.errors]
        assert all(isinstance(e, _duet.AgreementError) for e in outcome.errors)
        assert "what this server sent and what the other received, the results" in messages[sender]
        assert "what this server received and what the other sent, the results" in messages[1 - sender]


def test_flipped_checks_are_nobodys_fault(bench):
    """The bit that says that a client's values have no result: as shares, each value of it is possible."""
    plain = bench.round(untouched)
    for sender in (0, 1):
        for index in range(plain.frames[sender] - 8, plain.frames[sender] - 1):
            outcome = bench.round(disturbance("flip-payload", sender, index, random.Random(index)))
            assert outcome.results == [None, None]
            assert not ending(outcome, plain).startswith("BLAMES")


@pytest.mark.parametrize("drops", [True, False], ids=["drop", "fail"])
def test_flipped_proofs_are_nobodys_fault(bench, drops):
    """Who uploaded, the coins, what server 0's shares evaluate to, the verdicts: each bit could be a client's."""
    for server in bench.servers:
        server.clear.manifest = replace(server.clear.manifest, drop_bad_clients=drops)
    plain = bench.round(untouched)
    first = [bench.greetings(sender) for sender in (0, 1)]
    refused = 0
    for sender in (0, 1):
        for index in range(first[sender], first[sender] + 3):
            for kind in ("flip-payload", "flip-last", "zero", "random"):
                outcome = bench.round(disturbance(kind, sender, index, random.Random(index)))
                if outcome.altered:
                    assert outcome.results == [None, None]
                    assert "Error" in ending(outcome, plain)
                    assert not ending(outcome, plain).startswith(("BLAMES", "UNTYPED"))
                    refused += any(isinstance(e, _duet.AgreementError) for e in outcome.errors)
    assert refused >= 6


def test_a_flipped_confirmation_is_an_error_too(bench):
    last = bench.round(untouched).frames[0] - 1
    outcome = bench.round(disturbance("confirmation", 0, last, random.Random(0)))
    assert isinstance(outcome.errors[1], _duet.AgreementError)
    assert outcome.results[1] is None


def test_servers_with_other_inputs_of_the_epilogue_do_not_agree():
    """What only the clear part takes is not among the public values that the protocol compares."""
    one = arrays_digest([np.array([1, 2], np.uint64), np.array([0.5])])
    assert one == arrays_digest([np.array([1, 2], np.uint64), np.array([0.5])])
    others = [
        [np.array([1, 2], np.uint64), np.array([0.25])],
        [np.array([1, 2], np.uint64), np.array([0.5], np.float32)],
        [np.array([[1, 2]], np.uint64), np.array([0.5])],
        [np.array([1, 2], np.uint64)],
    ]
    assert all(arrays_digest(other) != one for other in others)
    assert arrays_digest([np.arange(6.0).reshape(2, 3).T]) == arrays_digest([np.arange(6.0).reshape(2, 3).T.copy()])


def test_an_undisturbed_round_ends_in_its_result(bench):
    plain = bench.round(untouched)
    assert ending(bench.round(untouched), plain) == "right result"
