from __future__ import annotations

import pytest
from small_programs import fltrust, weighted_mean

from ezprivsecfl.backends.schedule import Step, delays, schedule
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.ir.mpc import io, protocol
from ezprivsecfl.ir.program import Level, ProgramBuilder
from ezprivsecfl.ir.types import ArithType


def test_independent_operations_share_a_round_and_dependent_ones_do_not():
    b = ProgramBuilder("rounds", Level.MPC, 4)
    x, y = (b.add(io.Share, path=p, bound=8.0, type=ArithType(("n", 3), 20)) for p in "xy")
    masked = b.add(protocol.Mask, x), b.add(protocol.Mask, y)
    squares = b.add(protocol.SquareSum, masked[0])
    b.add(protocol.ToYao, squares, width=64)
    b.add(protocol.Mask, squares)
    plan = schedule(b.build())
    steps = [[e.step for e in stage.exchanges] for stage in plan.stages]
    assert steps == [[], [Step.MASK, Step.MASK], [Step.MASKED, Step.MASK], [Step.LABELS]]
    assert [op.name for op in plan.stages[0].local] == ["share", "share"]
    assert [op.name for op in plan.stages[1].local] == ["square_sum"]


def test_a_message_and_its_answer_are_one_round():
    b = ProgramBuilder("answer", Level.MPC, 4)
    x = b.add(io.Share, path="x", bound=8.0, type=ArithType(("n",), 20))
    b.add(protocol.ToYao, x, width=64)
    plan = schedule(b.build())
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
    for program, rounds, one_way in ((fltrust(50), 7, 10), (weighted_mean(50), 4, 5)):
        plan = schedule(compile_program(program, Options(clients=9)).secure)
        assert (plan.rounds, plan.delays) == (rounds, one_way)


def test_every_operation_is_scheduled_once_after_its_operands():
    program = compile_program(fltrust(50), Options(clients=9)).secure
    seen: set[object] = set()
    scheduled = []
    for stage in schedule(program).stages:
        scheduled += [e.op for e in stage.exchanges if e.step is not Step.MASKED] + stage.local
        for e in stage.exchanges:
            assert all(o in seen for o in e.op.operands)
        seen |= {r for e in stage.exchanges if e.step is not Step.MASKED for r in e.op.results}
        for op in stage.local:
            assert all(o in seen for o in op.operands)
            seen |= set(op.results)
    reveal = schedule(program).reveal
    opened = {e.op for stage in reveal for e in stage.exchanges}
    outputs = {op for op in program.ops if op.name == "output"}
    assert opened == {o.operands[0].op for o in outputs}
    assert all(o in seen for op in opened for o in op.operands)
    assert len(reveal) == len([e for stage in reveal for e in stage.exchanges])  # one output, a step in each stage
    assert len(scheduled) == len(set(scheduled)) == len(program.ops) - len(opened) - len(outputs)
