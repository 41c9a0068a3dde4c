"""A rule and an attack of one's own on HAR: python examples/own_rule_and_attack.py DATA OUT [ROUNDS]."""

import sys
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

import ezprivsecfl as ez
from ezprivsecfl.evaluation import attacks, config, report, running


@ez.robust_aggregation
def majority_sign(updates, *, length: float = 1.0):
    """The majority's sign of every entry, at a fixed length."""
    return length * tf.math.l2_normalize(tf.sign(tf.reduce_sum(tf.sign(updates), 0)))


@dataclass(frozen=True)
class Reversed(attacks.Attack):
    """Every malicious client sends its gradient turned round."""

    factor: float = 10.0

    def send(self, view):
        """What the malicious clients send, [f, d]."""
        return -self.factor * view.own


def main(data, out, rounds=200):
    training = config.TrainArgs(30, rounds, batch_size=64, learning_rate=0.25, frequency_of_the_test=10)
    attack, rule = config.Threat(Reversed(), 6, "reversed"), config.Defence(majority_sign)
    setting = config.DataArgs("har", "subject"), config.ModelArgs("lr"), training
    experiment = config.Experiment("my own", *setting, [attack], [rule])
    print(report.write(running.run_all([experiment], data, out), [experiment]).read_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
