"""``ezcompile explain``: what every line becomes."""

from __future__ import annotations

import re
import runpy

from commands import failed
from program_texts import MEAN

import ezprivsecfl as ez
from ezprivsecfl.cli.main import main
from ezprivsecfl.lines import explained

CLIPPED = """\
@tff.tensorflow.computation(VECTOR, np.float32)
def positive(x, factor):
    y = tf.nn.relu(x)
    return y * tf.sqrt(factor)

@tff.federated_computation(
    tff.FederatedType(VECTOR, tff.CLIENTS),
    tff.FederatedType(np.float32, tff.SERVER),
)
def total(values, factor):
    each = tff.federated_map(positive, (values, tff.federated_broadcast(factor)))
    return tff.federated_sum(each)
"""


def lines(text: str, file: str) -> dict[str, list[str]]:
    """By the text of a line of the program what is said below it."""
    assert f"\n{file}\n" in text
    found: dict[str, list[str]] = {}
    for line in text.partition(f"\n{file}\n")[2].splitlines():
        if numbered := re.fullmatch(r" *\d+  (.*)", line):
            found[numbered[1].strip()] = below = []
        elif line.startswith(" " * 9):
            below.append(line.strip())
    return found


def test_every_line_has_its_facts(program, capsys):
    path = program(CLIPPED)
    assert main(["explain", str(path), "--clients", "10", "--scale", "fixed"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("total, of 10 clients\n")
    said = lines(text, str(path))
    (relu,) = said["y = tf.nn.relu(x)"]
    assert re.fullmatch(
        r"Relu: (Boolean shares|garbled) \(\d+ fractional bits of \d+\).*; 0 <= x <= 8; [\d.]+ [kM]?B in \d+ "
        r"rounds?",
        relu,
    )
    assert any(one.startswith("Sqrt: in the clear") for one in said["return y * tf.sqrt(factor)"])
    assert [one.partition(";")[0] for one in said["def total(values, factor):"]][:2] == [
        "parameter values: clients' shares (32 fractional bits of 64)",
        "parameter factor: in the clear, of public or opened values",
    ]
    learned = [one for below in said.values() for one in below if one.startswith("both servers learn")]
    assert learned == ["both servers learn result: 4 numbers, the 24 leading bits of the largest"]
    assert "@tff" not in text
    (besides,) = re.findall(r"^besides: (\S+ \S+) for", text, flags=re.MULTILINE)
    assert besides != "0 B"


def test_what_is_sent_adds_up(program):
    """All operations stand at a line of the program, and no line has what another one sends."""
    compiled = ez.compile(runpy.run_path(str(program(CLIPPED)))["total"], clients=10)
    costs = compiled.cost()
    said = explained(compiled.variants[0].lowered, costs.of_operations())
    agreements = sum(cost.total_bytes for cost in costs.agreements.values())
    assert sum(one.sent_bytes for one in said) + agreements == costs.total_bytes
    assert sum(one.rounds for one in said) >= 3
    (sending,) = [one for one in said if one.location.op == "Relu"]
    assert sending.sent_bytes == sum(c.cost.total_bytes for c in costs.ops if c.op.location.op == "Relu") > 0
    assert all(one.sent_bytes is None for one in explained(compiled.variants[0].lowered, None))


def test_what_stands_for_others_is_said_once(program, capsys):
    path = program(CLIPPED.replace("tf.nn.relu(x)", "x / tf.norm(x)"))
    assert main(["explain", str(path)]) == 0
    (gone,) = lines(capsys.readouterr().out, str(path))["y = x / tf.norm(x)"]
    assert re.fullmatch(r"\w+(, \w+)+: not computed: other operations, or what clients prove, stand for it", gone)


def test_one_of_several_and_what_cannot_be_explained(program, capsys):
    path = program(MEAN + MEAN.replace("def mean", "def other"))
    assert main(["explain", f"{path}:other", "--backend", "plain"]) == 0
    out = capsys.readouterr().out
    assert "other, of 100 clients" in out
    assert "mean, of" not in out
    code, message = failed(capsys, "explain", f"{path}:third")
    assert code == 2
    assert "has no aggregation 'third'; found: mean, other" in message
    code, message = failed(capsys, "explain", path, "--bound", "nobody=3")
    assert code == 2
    assert "--bound nobody: no such parameter; there are values" in message


AVERAGE = """\
@tff.tensorflow.computation(VECTOR)
def average(x):
    return tf.reduce_mean(tf.nn.relu(x))

@tff.federated_computation(tff.FederatedType(VECTOR, tff.CLIENTS))
def largest(values):
    return tff.federated_max(tff.federated_map(average, values))
"""


def test_the_range_of_a_line_is_that_of_its_values(program, capsys):
    """Here the sum's, which is divided later, once for all clients; not that of the constant 1/4."""
    path = program(AVERAGE)
    assert main(["explain", str(path), "--clients", "4", "--scale", "fixed"]) == 0
    said = lines(capsys.readouterr().out, str(path))["return tf.reduce_mean(tf.nn.relu(x))"]
    (mean,) = (one for one in said if one.startswith("Mean"))
    assert "; 0 <= x <= 32;" in mean
