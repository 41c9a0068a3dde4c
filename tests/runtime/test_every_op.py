"""Every operation of the mpc level on two servers, against the exact interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from mpc_programs import FORBIDDEN, FRAC, compiled_every_op, inputs_of_every_op
from on_duet import declared_cost, on_duet

from ezprivsecfl.backends.plain.program import PlainProgram
from ezprivsecfl.errors import DivisionError
from ezprivsecfl.ir.mpc import MpcOp
from ezprivsecfl.ir.mpc.fixed_point import decode, encode
from ezprivsecfl.ir.mpc.interpreter import run_mpc
from ezprivsecfl.ir.mpc.io import Output

COMPILED = compiled_every_op()


ELSEWHERE = {"stack", "unstack", "private"}
"""Operations of programs for one number of clients (``test_exact_clients.py``) and of private inputs of the server
(``test_private_inputs.py``)."""


def test_the_program_uses_every_operation():
    common = {name for name, kind in MpcOp.REGISTRY.items() if kind.__module__.startswith("ezprivsecfl.ir.")}
    assert {op.name for op in COMPILED.secure.ops} == common - ELSEWHERE


@pytest.fixture(scope="module")
def duet(cluster):
    return on_duet(cluster, COMPILED)


def per_client(values):
    return {path: list(values[path]) for path in ("x", "w")}, {"g": values["g"]}


@pytest.mark.parametrize("clients", [2, 3, 6])
def test_two_servers_agree_with_the_interpreter(duet, clients):
    values = inputs_of_every_op(clients, seed=clients)
    got = duet.run(*per_client(values)).outputs
    encoded = {path: encode(v, FRAC) for path, v in values.items()}
    opened = run_mpc(COMPILED.secure, encoded, clients, coins=got["coins"])
    assert got.keys() == opened.keys()
    for op in COMPILED.secure.of(Output):
        expected = decode(opened[op.path], op.operands[0].type.frac)
        assert np.max(np.abs(opened[op.path].astype(np.int64)), initial=0) < 2**53  # so that float64 is exact here
        unit = 2.0 ** -op.operands[0].type.frac
        error = np.max(np.abs(got[op.path] - expected), initial=0)
        assert error <= (unit if op.path == "truncated" else 0), op.path
        assert got[op.path].shape == expected.shape


def test_declared_traffic_is_what_goes_over_the_wire(duet):
    duet.run(*per_client(inputs_of_every_op(2)))  # base OTs
    for clients in (2, 5):
        statistics = duet.run(*per_client(inputs_of_every_op(clients))).statistics
        declared = declared_cost(COMPILED.secure, clients, COMPILED)
        assert statistics.bytes_sent == [declared.setup_bytes[p] + declared.online_bytes[p] for p in (0, 1)]
        assert statistics.messages == [declared.setup_messages[p] + declared.online_messages[p] for p in (0, 1)]
        assert statistics.rounds == declared.rounds


def test_a_failed_check_is_the_same_error_on_both_back_ends(duet):
    values = inputs_of_every_op(4)
    values["x"][2, 1] = values["x"][3, 0] = FORBIDDEN
    errors = []
    for program in (duet, PlainProgram(COMPILED)):
        with pytest.raises(DivisionError, match=r"division at user.py:13 .*: the result is infinite") as info:
            program.run(*per_client(values))
        errors.append(str(info.value))
    assert errors[0] == errors[1]
    duet.run(*per_client(inputs_of_every_op(4)))


def test_a_client_of_whom_a_bit_is_set_is_left_out_on_both_back_ends(duet):
    values = inputs_of_every_op(5)
    values["x"][1, 3], values["x"][1, 0] = FORBIDDEN, 1.0
    rest = {path: v if path == "g" else np.delete(v, 1, axis=0) for path, v in values.items()}
    for program in (duet, PlainProgram(COMPILED)):
        got, expected = program.run(*per_client(values)), program.run(*per_client(rest))
        assert got.statistics.clients == 4
        assert [d["client"] for d in got.statistics.dropped] == [1]
        assert got.statistics.dropped[0]["reason"].startswith("root is not finite for its values")
        np.testing.assert_array_equal(got.outputs["relu"], expected.outputs["relu"])
