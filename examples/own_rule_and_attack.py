"""A rule and an attack of one's own against the library's: on HAR, 6 of 30 clients malicious.

python examples/own_rule_and_attack.py DATA OUT [ROUNDS]
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

import ezprivsecfl as ez
from ezprivsecfl.evaluation import config, report, rules, running
from ezprivsecfl.evaluation.attacks import Attack


@ez.robust_aggregation
def majority_sign(updates, *, length: float):
    """The majority's sign of every entry, at a fixed length."""
    signs = tf.sign(tf.reduce_sum(tf.sign(updates), 0))
    return length * tf.math.l2_normalize(signs)


@dataclass(frozen=True)
class Reversed(Attack):
    """Every malicious client sends its gradient turned round."""

    factor: float = 1.0

    def send(self, view):
        return -self.factor * view.own


def main(data, out, rounds=200):
    experiment = config.Experiment(
        name="my rule",
        data=config.DataArgs("har", "subject"),
        model=config.ModelArgs("lr"),
        training=config.TrainArgs(30, rounds, batch_size=64, learning_rate=0.25, frequency_of_the_test=10),
        attacks=[config.Threat(Reversed(factor), 6, f"reversed x{factor}") for factor in (1.0, 10.0)],
        defences=[config.Defence(majority_sign, {"length": 1.0}), config.Defence(rules.rule_of("coordinate_median"))],
    )
    store = running.run_all([experiment], data, out)
    print(report.write(store, [experiment]).read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
