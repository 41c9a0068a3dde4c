"""Which circuits are garbled, and which are evaluated on Boolean shares."""

from __future__ import annotations

import numpy as np
import pytest
from small_programs import TensorProgram, fltrust

from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.backends.duet.description import cost
from ezprivsecfl.backends.duet.passes import legal
from ezprivsecfl.backends.duet.select_circuits import SelectCircuits
from ezprivsecfl.backends.network import NETWORKS, network
from ezprivsecfl.backends.registry import choose
from ezprivsecfl.compiler.compiled import Compiled
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError, Location
from ezprivsecfl.ir.circuits import words
from ezprivsecfl.ir.circuits.builder import CircuitBuilder
from ezprivsecfl.ir.circuits.evaluate import evaluate, from_bits, to_bits
from ezprivsecfl.ir.circuits.summands import identity, on_summands
from ezprivsecfl.ir.mpc import boolean, io, protocol, structure
from ezprivsecfl.ir.program import Level, Program, ProgramBuilder
from ezprivsecfl.ir.tensor.elementwise import Greater, Mul, Relu, Select
from ezprivsecfl.ir.tensor.structure import Sum
from ezprivsecfl.ir.text import parse_program
from ezprivsecfl.ir.types import ArithType, BooleanType, FixedFormat, YaoType

FIXED = FixedFormat(64, 0)


def relu_sum(size: int) -> Program:
    b = TensorProgram("relu_sum")
    b.returns(b.add(Sum, b.add(Relu, b.clients("x", size)), axes=(0,)))
    return b.build()


def compiled(program: Program, clients: int = 9, *, proofs: bool = True) -> Compiled:
    return compile_program(program, Options(clients=clients, proofs=proofs))


def domains(program: Program) -> set[type]:
    """Where circuits are evaluated, apart from those (of hardly any gates) that say whose values are not finite."""
    circuits = [op for op in program.of(protocol.Circuit) if not op.circuit.startswith("any_")]
    return {type(op.operands[0].type) for op in circuits}


def two_relus(first: int, second: int) -> Program:
    """Of two values, on two lines; the third circuit takes wires of the second."""
    b = ProgramBuilder("two_relus", Level.MPC, 9)
    c = CircuitBuilder()
    c.output(words.relu(c, c.input(64)))
    b.circuits = {"relu": c.build()}

    def relu(wires, line):
        location = Location("user.py", line, "Relu")
        return b.append(protocol.Circuit(operands=(wires,), circuit="relu", formats=(FIXED,), location=location)).result

    x, y = (b.add(io.Share, path=path, bound=8.0, type=ArithType(("n", 4), 0)) for path in "xy")
    one = relu(b.add(protocol.ToYao, x, width=64), first)
    two = relu(relu(b.add(protocol.ToYao, y, width=64), second), second + 1)
    for path, value in (("one", one), ("two", two)):
        total = b.add(structure.Sum, b.add(protocol.FromYao, value), axes=(0,))
        b.append(io.Output(operands=(b.add(protocol.Open, total),), path=path))
    return b.build()


@pytest.mark.parametrize("shallow", [False, True])
def test_adders_of_summands_are_part_of_the_circuit(shallow):
    b = CircuitBuilder()
    x, y = b.input(5), b.input(5)
    b.output(words.max_(b, x, y))
    b.output([x[0]])
    circuit = on_summands(b.build(), [0], shallow=shallow)
    assert circuit.input_widths == (10, 5)
    first, second, other = (np.random.default_rng(i).integers(0, 32, 50) for i in range(3))
    both = np.concatenate([to_bits(first.tolist(), 5), to_bits(second.tolist(), 5)], axis=1)
    largest, lowest = evaluate(circuit, [both, to_bits(other.tolist(), 5)])
    signed = [((v + 16) % 32 - 16).tolist() for v in (first + second, other)]
    assert from_bits(largest, signed=True) == [max(p, q) for p, q in zip(*signed, strict=True)]
    assert from_bits(lowest, signed=False) == ((first + second) % 2).tolist()


def test_only_the_needed_part_of_an_adder_is_left():
    b = CircuitBuilder()
    b.output([b.input(64)[0]])
    assert on_summands(b.build(), [0], shallow=False).and_count == 0
    small, shallow = (on_summands(identity(64), [0], shallow=s) for s in (False, True))
    assert (small.and_count, small.depth) == (63, 63)
    assert (shallow.and_count, shallow.depth) == (373, 7)


def test_many_shallow_circuits_go_on_boolean_shares_and_few_or_deep_ones_are_garbled():
    assert domains(Duet().lower(compiled(relu_sum(5000))).secure) == {BooleanType}
    assert domains(Duet().lower(compiled(relu_sum(5))).secure) == {YaoType}
    assert domains(Duet().lower(compiled(fltrust(100), clients=100)).secure) == {YaoType}


def test_the_choice_depends_on_the_network():
    program = compiled(relu_sum(300))
    chosen = {name: Duet(network=name).lower(program).secure for name in NETWORKS}
    assert (domains(chosen["lan"]), domains(chosen["wan"])) == ({BooleanType}, {YaoType})
    assert domains(Duet(link="wan").lower(program).secure) == {YaoType}
    for name, other in (("lan", "wan"), ("wan", "lan")):
        best, worse = (cost(legal(chosen[n]), 9, network(name)) for n in (name, other))
        assert best.setup_seconds + best.online_seconds < worse.setup_seconds + worse.online_seconds


def test_garbled_results_go_through_boolean_shares_where_that_is_better():
    programs = [(fltrust(100), 100, "lan"), (fltrust(100), 100, "wan"), (fltrust(100), 3, "lan")]
    secure = [Duet(network=to).lower(compiled(p, clients, proofs=False)).secure for p, clients, to in programs]
    assert [len(s.of(protocol.FromYao)) > 0 for s in secure] == [False, True, True]
    assert [len(s.of(boolean.FromBoolean)) > 0 for s in secure] == [True, False, False]
    assert domains(secure[0]) == {YaoType}
    tree = Duet().lower(compiled(fltrust(100), 100, proofs=False)).sources()
    assert "colour_shares(" in tree["program.cpp"]


def test_every_domain_can_be_asked_for():
    program = compiled(fltrust(4))
    for domain, kind in (("yao", YaoType), ("boolean", BooleanType)):
        assert domains(Duet(circuits=domain).lower(program).secure) == {kind}
    sources = Duet(circuits="boolean").lower(program).sources()["program.cpp"]
    assert "EvaluateBoolean circuit0;" in sources
    assert "GarbledTensor" not in sources


def test_groups_are_chosen_by_line():
    program = two_relus(3, 5)
    assert domains(SelectCircuits({3: "boolean", 0: "yao"}).run(program)) == {BooleanType, YaoType}
    chosen = SelectCircuits({5: "boolean", 6: "boolean", 3: "yao"}).run(program)
    assert len(chosen.of(boolean.FromBoolean)) == len(chosen.of(protocol.FromYao)) == 1
    assert str(parse_program(str(chosen))) == str(chosen)


def test_a_value_that_several_circuits_take_is_added_up_once():
    b = TensorProgram("masked_sum")
    x = b.clients("x", 50)
    positive = b.add(Greater, x, b.clients("y", 50))
    b.returns(b.add(Sum, b.add(Select, positive, x, b.add(Mul, x, b.clients("z", 50))), axes=(0,)))
    secure = Duet(circuits="boolean").lower(compiled(b.build())).secure
    assert domains(secure) == {BooleanType}


def test_impossible_choices_are_refused():
    with pytest.raises(CompileError, match="circuits='gmw': choose from auto, yao, boolean"):
        Duet(circuits="gmw")
    with pytest.raises(CompileError, match="two_relus has no circuit at line 4; its circuits are at 3, 5, 6"):
        SelectCircuits({4: "yao"}).run(two_relus(3, 5))
    with pytest.raises(CompileError, match=r"line 5 \(boolean\) and line 6 \(yao\) are connected by wires"):
        SelectCircuits({5: "boolean", 6: "yao"}).run(two_relus(3, 5))
    with pytest.raises(CompileError, match="there is no network 'moon'"):
        Duet(network="moon")
    with pytest.raises(CompileError, match="the back end plain has no setting circuits"):
        choose("plain", circuits={0: "yao"})


def test_choices_can_be_made_for_the_network_between_the_servers():
    backend = Duet(network="measured", link="wan")
    assert 0.04 <= backend.estimated("measured").round_trip_seconds < 1
    assert domains(backend.lower(compiled(relu_sum(300))).secure) == {YaoType}


def test_nothing_is_measured_before_it_is_needed(monkeypatch):
    def measure(link):
        raise AssertionError("a measurement starts both servers")

    monkeypatch.setattr("ezprivsecfl.backends.duet.backend.measured_network", measure)
    backend = Duet(network="measured")
    with pytest.raises(AssertionError, match="starts both servers"):
        backend.lower(compiled(relu_sum(5)))
