"""What ``ezcompile`` has written into a folder runs from there, as what ``ez.compile`` makes of the same program."""

from __future__ import annotations

import numpy as np
from program_texts import MEAN

import ezprivsecfl as ez
from ezprivsecfl.cli.main import main
from ezprivsecfl.cli.program_file import execute
from ezprivsecfl.runtime import load

RATED = """\
@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS), tff.FederatedType(np.float32, tff.SERVER))
def scaled(values, rate):
    total = tff.federated_sum(values)
    return tff.federated_map(tff.tensorflow.computation(lambda x, r: x * r), (total, rate))

"""


def test_load_and_compile_give_the_same_round(program, capsys, tmp_path):
    path, out = program(MEAN + RATED), tmp_path / "out"
    assert main([str(path), "--clients", "5", "--scale", "fixed", "-o", str(out)]) == 0
    namespace = execute(path, [], name="__test__")
    values = [np.arange(4, dtype=np.float32) - client for client in range(3)]
    rate = np.float32(0.5)
    for name, server in (("mean", {}), ("scaled", {"rate": rate})):
        loaded = load(out / name)
        compiled = ez.compile(namespace[name], clients=5, scale="fixed")
        rounds = [loaded.run({"values": values}, server) for _ in range(2)]
        results = [compiled.run(values, *server.values()) for _ in range(2)]
        np.testing.assert_allclose(rounds[1].outputs["result"], results[1], atol=4 * 2.0**-22)  # opened places
        of_folder, of_program = rounds[1].statistics, compiled.last_statistics
        assert of_folder.bytes_sent == of_program.bytes_sent
        assert of_folder.opened == of_program.opened
        assert (of_folder.rounds, of_folder.messages) == (of_program.rounds, of_program.messages)
