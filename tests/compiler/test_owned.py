"""What owners of private inputs of the server compute themselves, what the rest relies on, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from rounds import random_round
from small_programs import TensorProgram, fltrust

from ezprivsecfl.backends.motion2nx.legalise import Legalise
from ezprivsecfl.compiler.checking import check_compiled
from ezprivsecfl.compiler.norm_bounds import NormBounds
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.owned import ROUNDED
from ezprivsecfl.compiler.parameter_bounds import ParameterBounds
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.compiler.server_inputs import ServerInputs
from ezprivsecfl.errors import CompileError, LeakageError, UnsupportedError
from ezprivsecfl.ir.checking import Findings
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.ir.program import Program
from ezprivsecfl.ir.tensor import Input
from ezprivsecfl.ir.tensor.elementwise import Add, Div, Mul, Reciprocal, Rsqrt, Sqrt
from ezprivsecfl.ir.tensor.structure import Clients, Sum
from ezprivsecfl.ir.text import parse_program, print_program
from ezprivsecfl.ir.types import DType

SIZE, CLIENTS = 20, 4

OWNERS = list(Owner)


def compiled(program: Program, **options):
    return compile_program(program, Options(clients=CLIENTS, **options))


@pytest.mark.parametrize("owner", OWNERS)
def test_owners_take_roots_and_divide_by_them(owner):
    found = compiled(fltrust(SIZE, owner))
    assert not any(isinstance(op, Sqrt | Rsqrt | Reciprocal) for op in found.optimised.ops)
    part = found.owned[owner]
    assert [op.path for op in part.of(Input)] == ["root"]
    assert any(isinstance(op, Sqrt) for op in part.ops)
    unit, length = sorted(found.secure.of(io.Private), key=lambda op: -len(op.type.shape))
    assert (unit.type.shape, unit.norm) == ((SIZE, 1), ROUNDED)  # as long as 1, but for rounding
    assert 8 * np.sqrt(SIZE) <= length.bound < 8.01 * np.sqrt(SIZE)
    assert length.norm is None  # of a number its bound is proved, sign included
    assert length.lowest == 0


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("proofs", [True, False])
def test_ranges_hold_and_every_step_computes_what_it_should(owner, proofs):
    found = compiled(fltrust(SIZE, owner), proofs=proofs)
    for seed in range(3):
        _, _, inputs = random_round(fltrust(SIZE), CLIENTS, seed)
        findings = Findings()
        check_compiled(found, inputs, CLIENTS, findings)
        assert not findings.violations


@pytest.mark.parametrize("owner", OWNERS)
def test_everything_that_is_opened_depends_on_clients(owner):
    found = compiled(fltrust(SIZE, owner)).secure
    of_clients = set()
    for op in found.ops:
        if isinstance(op, io.Share) or not of_clients.isdisjoint(op.operands):
            of_clients.update(op.results)
    opened = found.of(protocol.Open)
    assert opened
    assert all(op.operands[0] in of_clients for op in opened)


@pytest.mark.parametrize("owner", OWNERS)
def test_a_private_input_is_not_returned_nor_a_function_of_it(owner):
    for of in ("itself", "its sum", "itself times what is public"):
        b = TensorProgram("leaky")
        b.returns(b.total(b.clients("x", 4)), "total")
        own = b.server("own", 4, owner=owner)
        value = {
            "itself": own,
            "its sum": b.add(Sum, own, axes=(0,)),
            "itself times what is public": b.add(Mul, own, b.server("rate")),
        }[of]
        b.returns(value, "leak")
        with pytest.raises(LeakageError, match="output leak would open what"):
            compiled(b.build())


def test_what_two_owners_have_is_not_opened_either():
    b = TensorProgram("leaky")
    b.returns(b.total(b.clients("x", 4)), "total")
    b.returns(b.add(Mul, b.server("one", 4, owner=Owner.SERVER_0), b.server("two", 4, owner=Owner.SERVER_1)), "both")
    with pytest.raises(LeakageError, match="output both would open a value of private inputs alone"):
        compiled(b.build())


def test_what_depends_on_the_number_of_clients_is_computed_on_shares():
    b = TensorProgram("per_client")
    own = b.server("own", owner=Owner.THIRD_PARTY)
    b.returns(b.add(Mul, b.total(b.clients("x", 4)), b.add(Div, own, b.add(Clients, dtype=DType.F32))))
    found = compiled(b.build())
    assert [op.path for op in found.secure.of(io.Private)] == ["own"]


def test_one_owners_values_are_not_anothers():
    b = TensorProgram("two")
    one, two = (b.server(path, owner=owner) for path, owner in (("one", Owner.SERVER_0), ("two", Owner.SERVER_1)))
    b.returns(b.add(Add, b.total(b.clients("x", 4)), b.add(Mul, one, two)))
    found = compiled(b.build(), bounds=ParameterBounds.of({"one": 8.0, "two": 8.0}))
    assert {op.path: op.owner for op in found.secure.of(io.Private)} == {"one": Owner.SERVER_0, "two": Owner.SERVER_1}
    assert {owner: [op.path for op in part.of(Input)] for owner, part in found.owned.items()} == {
        Owner.SERVER_0: ["one"],
        Owner.SERVER_1: ["two"],
    }


def test_bounds_of_the_rest_are_those_of_what_is_shared():
    b = TensorProgram("shifted")
    own = b.server("own", 4, owner=Owner.SERVER_0)
    b.returns(b.add(Add, b.total(b.clients("x", 4)), b.add(Mul, b.add(Add, own, b.constant(3.0)), b.constant(2.0))))
    (shared,) = compiled(b.build(), bounds=ParameterBounds.of({"own": (1.0, 5.0)})).secure.of(io.Private)
    assert 16 <= shared.bound < 16.1
    assert shared.lowest == 0


@pytest.mark.parametrize("owner", OWNERS)
def test_scalars_of_owners_may_be_negative(owner):
    b = TensorProgram("scaled")
    scaled = b.add(Mul, b.server("own", SIZE, owner=owner), b.server("factor", owner=owner))
    b.returns(b.add(Add, b.total(b.clients("x", SIZE)), scaled))
    found = compiled(b.build(), bounds=ParameterBounds.of({"own": (0.0, 8.0), "factor": 2.0}))
    (shared,) = found.secure.of(io.Private)
    assert 16 <= shared.bound < 16.1
    assert shared.lowest is None


def test_text_form():
    text = print_program(fltrust(SIZE, Owner.SERVER_1))
    assert "owner = server1" in text
    assert print_program(parse_program(text, "text")) == text
    secure = print_program(compiled(fltrust(SIZE, Owner.THIRD_PARTY)).secure)
    assert "owner = shared" in secure
    assert print_program(parse_program(secure, "text")) == secure


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"root": "server2"}, "expected a parameter of the server, and one of public, server0, server1, shared"),
        ({"": "server0"}, "expected a parameter of the server"),
        ({"nothing": "shared"}, "--server-input nothing: fltrust takes no such tensor from the server; it takes root"),
        ({"updates": "server0"}, "--server-input updates: updates is the clients'"),
        ({"root": "server1"}, r"--server-input root: the program's text says who knows root"),
        (["root"], "expected a mapping"),
    ],
)
def test_declarations_that_are_refused(given, said):
    with pytest.raises(CompileError, match=said):
        compiled(fltrust(SIZE), server_inputs=ServerInputs.of(given))


def test_the_longest_path_counts():
    found = ServerInputs.of({"model": "shared", "model/bias": "public"})
    assert found.owner("model/kernel") is Owner.THIRD_PARTY
    assert found.owner("model/bias") is None
    assert found.owner("models") is None


def test_motion2nx_says_what_to_do():
    with pytest.raises(UnsupportedError, match=r"private input of the server .* Take the back end duet, or"):
        Legalise().run(compiled(fltrust(SIZE, Owner.SERVER_0)).secure)


def test_norm_bounds_are_for_third_parties_too():
    b = TensorProgram("added")
    b.returns(b.add(Add, b.total(b.clients("x", SIZE)), b.server("own", SIZE, owner=Owner.THIRD_PARTY)))
    (shared,) = compiled(b.build(), norm_bounds=NormBounds.of({"own": 2.0})).secure.of(io.Private)
    assert shared.norm == 2.0
