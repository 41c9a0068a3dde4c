from __future__ import annotations

from collections.abc import Sequence

import pytest
from small_programs import fltrust, weighted_mean

from ezprivsecfl.backends.duet.rounds import scheduled
from ezprivsecfl.backends.duet.schedule import Step, delays, schedule
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.types import ArithType

MASK, ASKED, ANSWERED = Step(), Step("asked", senders=(1,)), Step("answered", senders=(0,))


def steps_of(op: Op) -> Sequence[Step]:
    """Those of a back end that is made up."""
    match op:
        case protocol.Mask():
            return [MASK]
        case protocol.ToYao():
            return [ASKED, ANSWERED]
        case protocol.Open():
            return [MASK] * (2 if op.significant else 1)
    return []


def test_independent_operations_share_a_round_and_dependent_ones_do_not():
    b = ProgramBuilder("rounds", Level.MPC, 4)
    x, y = (b.add(io.Share, path=p, bound=8.0, type=ArithType(("n", 3), 20)) for p in "xy")
    masked = b.add(protocol.Mask, x), b.add(protocol.Mask, y)
    squares = b.add(protocol.SquareSum, masked[0])
    b.add(protocol.ToYao, squares, width=64)
    b.add(protocol.Mask, squares)
    plan = schedule(b.build(), steps_of)
    steps = [[e.step for e in stage.exchanges] for stage in plan.stages]
    assert steps == [[], [MASK, MASK], [ASKED, MASK], [ANSWERED]]
    assert [[(e.number, e.last) for e in stage.exchanges] for stage in plan.stages[2:]] == [
        [(0, False), (0, True)],
        [(1, True)],
    ]
    assert [op.name for op in plan.stages[0].local] == ["share", "share"]
    assert [op.name for op in plan.stages[1].local] == ["square_sum"]


def test_results_are_opened_last_and_together():
    b = ProgramBuilder("results", Level.MPC, 4)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n",), 20))
    for i, significant in enumerate((None, 24)):
        opened = b.add(protocol.Open, x, significant=significant)
        b.append(io.Output(operands=(opened,), path=f"y{i}"))
    b.append(protocol.CheckClients(operands=(b.add(protocol.Open, x),), what="root"))
    plan = schedule(b.build(), steps_of)
    assert [len(stage.exchanges) for stage in plan.stages] == [0, 1]
    assert [[(e.op.significant, e.last) for e in stage.exchanges] for stage in plan.reveal] == [
        [(None, True), (24, False)],
        [(24, True)],
    ]
    assert plan.rounds == 3


def test_a_message_and_its_answer_are_one_round():
    b = ProgramBuilder("answer", Level.MPC, 4)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n",), 20))
    b.add(protocol.ToYao, x, width=64)
    plan = schedule(b.build(), steps_of)
    assert len(plan.stages) == 3
    assert plan.rounds == 1


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], 0),
        ([{0, 1}], 1),
        ([{0}, {1}, {0}], 3),
        ([{0}, {0}, {0}], 1),  # messages under way at the same time
        ([{1}, {0}, {0}, {1}, {0}], 4),
        ([{0}, {0, 1}], 2),
    ],
)
def test_delays(steps, expected):
    assert delays(steps) == expected


def test_rounds_of_whole_programs():
    """Without proofs, FLTrust's norms are computed and taken into a circuit first."""
    for program, proofs, rounds, one_way in (
        (fltrust(50), True, 5, 7),
        (fltrust(50), False, 7, 10),
        (weighted_mean(50), True, 4, 5),
    ):
        plan = scheduled(compile_program(program, Options(clients=9, proofs=proofs)).secure)
        assert (plan.rounds, plan.delays) == (rounds, one_way)


def test_every_operation_is_scheduled_once_after_its_operands():
    program = compile_program(fltrust(50), Options(clients=9)).secure
    seen: set[object] = set()
    placed = []
    plan = scheduled(program)
    for stage in plan.stages:
        placed += [e.op for e in stage.exchanges if e.last] + stage.local
        for e in stage.exchanges:
            assert all(o in seen for o in e.op.operands)
        seen |= {r for e in stage.exchanges if e.last for r in e.op.results}
        for op in stage.local:
            assert all(o in seen for o in op.operands)
            seen |= set(op.results)
    opened = {e.op for stage in plan.reveal for e in stage.exchanges}
    outputs = {op for op in program.ops if op.name == "output"}
    assert opened == {o.operands[0].op for o in outputs}
    assert all(o in seen for op in opened for o in op.operands)
    assert len(plan.reveal) == len(
        [e for stage in plan.reveal for e in stage.exchanges]
    )  # one output, a step in each stage
    assert len(placed) == len(set(placed)) == len(program.ops) - len(opened) - len(outputs)
