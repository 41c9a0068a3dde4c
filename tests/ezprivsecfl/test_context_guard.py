"""``ezcompile run`` never computes an aggregation in the clear, whichever context a program chooses."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
import tensorflow_federated as tff
from program_texts import MEAN

import ezprivsecfl as ez
from ezprivsecfl.cli.main import main

CALL = "mean([np.ones(4, np.float32)] * 3)"
PUSHED = f"""\
inner = tff.backends.native.create_sync_local_cpp_execution_context()
with tff.framework.get_context_stack().install(inner):
    print({CALL}.tolist())
"""
AWAITED = f"""\
import asyncio

async def rounds():
    return await asyncio.gather({CALL}, {CALL})

tff.backends.native.set_async_local_cpp_execution_context()
print(asyncio.run(rounds())[0].tolist())
"""
CHOICES = {
    "native": f"tff.backends.native.set_sync_local_cpp_execution_context()\nprint({CALL}.tolist())\n",
    "test": f"tff.backends.test.set_sync_test_cpp_execution_context()\nprint({CALL}.tolist())\n",
    "pushed": PUSHED,
    "awaited": AWAITED,
    "pushed own": f"""\
class Own(tff.framework.SyncContext):
    def invoke(self, comp, arg):
        return inner.invoke(comp, arg)

inner = tff.backends.native.create_sync_local_cpp_execution_context()
with tff.framework.get_context_stack().install(Own()):
    print({CALL}.tolist())
""",
}


@pytest.mark.parametrize("choice", CHOICES)
def test_aggregations_stay_secure(program, capsys, tmp_path, choice):
    path, report = program(MEAN + CHOICES[choice]), tmp_path / "report.json"
    assert main(["run", "--report", str(report), "--check", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == "[1.0, 1.0, 1.0, 1.0]\n"
    assert err.count("its aggregations stay in the secure one all the same") == 1
    calls = json.loads(report.read_text())
    assert len(calls) == (2 if choice == "awaited" else 1)
    assert all(call["backend"] == "duet" and sum(call["bytes_sent"]) > 0 for call in calls)
    assert all(call["max_relative_error"] < 1e-6 for call in calls)


def test_the_programs_own_secure_context_is_recorded_too(program, capsys, tmp_path):
    text = "import ezprivsecfl as ez\nez.set_secure_execution_context(backend='plain', bounds={'values': 64.0})\n"
    path, report = program(MEAN + text + "mean([np.full(4, 33.0, np.float32)] * 3)\n"), tmp_path / "report.json"
    assert main(["run", "--report", str(report), str(path)]) == 0
    assert "its options apply instead of the command line's" in capsys.readouterr().err
    assert [call["backend"] for call in json.loads(report.read_text())] == ["plain"]


def test_a_program_that_wants_nothing_executed_is_obeyed(program, capsys):
    assert main(["run", str(program(MEAN + f"tff.test.set_no_default_context()\n{CALL}\n"))]) == 1
    assert "RuntimeError" in capsys.readouterr().err


def test_afterwards_contexts_can_be_chosen_again(program, tff_reference):
    assert main(["run", str(program(MEAN))]) == 0
    tff.framework.set_default_context(tff_reference)
    assert tff.framework.get_context_stack().current is tff_reference


COUNT = """\
@tff.federated_computation
def count():
    return tff.federated_sum(tff.federated_value(1, tff.CLIENTS))

@tff.federated_computation(tff.FederatedType(np.int32, tff.CLIENTS, all_equal=True))
def total(same):
    return tff.federated_sum(same)

"""
COUNTED = {
    "sync": """\
tff.backends.native.set_sync_local_cpp_execution_context(default_num_clients=3)
print(count(), total(5), mean([np.ones(4, np.float32)] * 2).tolist())
tff.backends.native.set_sync_local_cpp_execution_context(default_num_clients=4)
print(count())
""",
    "async": """\
import asyncio

async def both():
    return await count(), await total(5), (await mean([np.ones(4, np.float32)] * 2)).tolist()

tff.backends.native.set_async_local_cpp_execution_context(default_num_clients=3)
print(*asyncio.run(both()))
tff.backends.native.set_async_local_cpp_execution_context(default_num_clients=4)
print(asyncio.run(both())[0])
""",
    "federated program": """\
import asyncio

async def everything(count_of_clients):
    inner = tff.backends.native.create_async_local_cpp_execution_context(default_num_clients=count_of_clients)
    tff.framework.set_default_context(tff.program.NativeFederatedContext(inner))
    tff.program.check_in_federated_context()
    results = count(), total(5), mean([np.ones(4, np.float32)] * 2)
    return await tff.program.materialize_value(results)

first, second, third = asyncio.run(everything(3))
print(first, second, third.tolist())
print(asyncio.run(everything(4))[0])
""",
    "own class": """\
class Own(tff.framework.SyncContext):
    def __init__(self, inner):
        self.inner = inner

    def invoke(self, comp, arg):
        return self.inner.invoke(comp, arg)

create = tff.backends.test.create_sync_test_cpp_execution_context
tff.framework.set_default_context(Own(create(default_num_clients=3)))
print(count(), total(5), mean([np.ones(4, np.float32)] * 2).tolist())
tff.framework.set_default_context(Own(create(default_num_clients=4)))
print(count())
""",
    "before our own": """\
import ezprivsecfl as ez

tff.backends.native.set_sync_local_cpp_execution_context(default_num_clients=3)
ez.set_secure_execution_context(backend="plain")
print(count(), total(5), mean([np.ones(4, np.float32)] * 2).tolist())
tff.backends.native.set_sync_local_cpp_execution_context(default_num_clients=4)
print(count())
""",
}


@pytest.mark.parametrize("choice", COUNTED)
def test_the_chosen_contexts_number_of_clients_is_kept(program, capsys, tmp_path, choice):
    path, report = program(MEAN + COUNT + COUNTED[choice]), tmp_path / "report.json"
    assert main(["run", "--report", str(report), "--backend", "plain", str(path)]) == 0
    assert capsys.readouterr().out == "3 15 [1.0, 1.0, 1.0, 1.0]\n4\n"
    assert {call["computation"] for call in json.loads(report.read_text())} == {"mean"}


def test_our_context_keeps_the_chosen_one_for_everything_else():
    @tff.federated_computation
    def count() -> Any:
        return tff.federated_sum(tff.federated_value(1, tff.CLIENTS))

    @tff.federated_computation(tff.FederatedType(np.float32, tff.CLIENTS))
    def mean(values: Any) -> Any:
        return tff.federated_mean(values)

    async def both() -> tuple[Any, Any]:
        return await count(), await mean([1.0, 2.0])

    tff.backends.native.set_sync_local_cpp_execution_context(default_num_clients=3)
    for _ in range(2):
        runner = ez.set_secure_execution_context(backend="plain")
        assert (count(), mean([1.0, 2.0])) == (3, 1.5)
        assert len(runner.programs) == 1
    tff.backends.native.set_async_local_cpp_execution_context(default_num_clients=4)
    runner = ez.set_secure_execution_context(backend="plain")
    assert asyncio.run(both()) == (4, 1.5)
    assert len(runner.programs) == 1
    tff.test.set_no_default_context()
    ez.set_secure_execution_context(backend="plain")
    assert count() == 0
