"""The round loop: local gradients, attack, rule, step, and from time to time a reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ezprivsecfl.evaluation.attacks import View
from ezprivsecfl.evaluation.batches import Sampler
from ezprivsecfl.evaluation.config import Run
from ezprivsecfl.evaluation.data.federation import Federation, Rows
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.metrics import Reading, read
from ezprivsecfl.evaluation.models.base import Array, Model, Vector
from ezprivsecfl.evaluation.randomness import stream
from ezprivsecfl.evaluation.rules import OF_STEPS, Aggregator, Cost, positional
from ezprivsecfl.evaluation.safefl import UNATTACKED


@dataclass(frozen=True)
class Progress:
    """Where a run is: all that the next round needs, and what the rounds so far have taken.

    Args:
        round: How many rounds there were.
        model: w, [d].
        previous_model: The one of a round before, [d].
        state: The rule's, [d]; None before the first round and without state.
        sent_bytes: Between two servers, in all rounds.
        seconds: Of aggregations on two servers.
        compile_seconds: Compiling and building for these.
        dropped: How often each client was left out, by its number.
        reading: The last one.
    """

    round: int
    model: Vector
    previous_model: Vector
    state: Array | None = None
    sent_bytes: int = 0
    seconds: float = 0.0
    compile_seconds: float = 0.0
    dropped: dict[int, int] = field(default_factory=dict)
    reading: Reading | None = None

    @staticmethod
    def start(model: Model, seed: int, noise: float = 0.0) -> Progress:
        """Before the first round, with normal noise of this deviation on the entries of the model."""
        initial = model.initial(stream(seed, "initial model"))
        if noise:
            drawn = noise * stream(seed, "start noise").standard_normal(initial.shape)
            initial = (initial + drawn).astype(np.float32)
        return Progress(0, initial, initial)

    def after(self, model: Vector, state: Array | None, cost: Cost, participants: Rows) -> Progress:
        """After one more round."""
        dropped = dict(self.dropped)
        for position in cost.dropped or ():
            client = int(participants[position])
            dropped[client] = dropped.get(client, 0) + 1
        return replace(
            self,
            round=self.round + 1,
            model=model,
            previous_model=self.model,
            state=state,
            sent_bytes=self.sent_bytes + cost.sent_bytes,
            seconds=self.seconds + cost.seconds,
            compile_seconds=self.compile_seconds + cost.compile_seconds,
            dropped=dropped,
        )


def train(
    run: Run,
    federation: Federation,
    model: Model,
    aggregate: Aggregator,
    progress: Progress,
    each_round: Callable[[], None] = lambda: None,
) -> Iterator[Progress]:
    """Trains from some progress on, and gives the progress at every reading.

    Args:
        run: What is run.
        federation: The rows without the attack.
        model: What is trained.
        aggregate: The run's rule.
        progress: Where to go on.
        each_round: Called after every round.
    """
    rounds = Rounds(run, federation, model, aggregate)
    goal = run.threat.attack.goal(federation)
    every, last = run.training.frequency_of_the_test, run.training.comm_round
    while progress.round < last:
        progress = rounds.next(progress)
        each_round()
        if progress.round % every == 0 or progress.round == last:
            reading = read(model, progress.model, federation, goal, progress.round)
            progress = replace(progress, reading=reading)
            yield progress


class Rounds:
    """Makes one round after the other.

    Args:
        run: What is run.
        federation: The rows without the attack.
        model: What is trained.
        aggregate: The run's rule.
    """

    def __init__(self, run: Run, federation: Federation, model: Model, aggregate: Aggregator) -> None:
        self._run, self._model, self._aggregate = run, model, aggregate
        self._malicious = np.arange(run.threat.malicious)
        self._data = federation
        if not run.threat.redrawn:
            rng = stream(run.seed, "poisoned data")
            self._data = run.threat.attack.poison(federation, self._malicious, rng)
        self._sampler = Sampler(self._data.clients, run.training.batch_size, run.training.loss)
        inputs = positional(run.defence.rule)
        self._needs_root = "root_update" in inputs or run.threat.attack.needs_root

    def next(self, progress: Progress) -> Progress:
        """The progress after one more round."""
        training, defence = self._run.training, self._run.defence
        participants, malicious = self._participants(progress.round)
        unattacked = gradients = self._gradients(progress, participants)
        root = self._root_gradient(progress.model) if self._needs_root else None
        if len(malicious):
            known = gradients if root is None or not training.attack_sees_root else np.vstack([gradients, root])
            view = View(
                known=known,
                clients=len(participants),
                malicious=malicious,
                model=progress.model,
                previous_model=progress.previous_model,
                root=root,
                rate=training.learning_rate,
                rng=stream(self._run.seed, "attack", progress.round),
            )
            gradients = gradients.copy()
            gradients[malicious] = self._sent(view)
        if training.weight_by_rows:
            counts = np.array([len(self._data.clients[client]) for client in participants])
            gradients = gradients * (counts / counts.mean())[:, np.newaxis].astype(np.float32)
        rate = training.learning_rate if defence.learning_rate is None else defence.learning_rate
        # What a rule is given is gradients, or for a few rules steps of the model.
        unit = np.float32(-rate if defence.rule.name in OF_STEPS else 1.0)
        result, state, cost = self._aggregate(
            unit * gradients, self._inputs(progress, root, unattacked), progress.state
        )
        moved = (progress.model - rate * (result / unit)).astype(np.float32)
        return progress.after(moved, state, cost, participants)

    def _sent(self, view: View) -> Array:
        """What the attack sends; another package's may be of another form, which must not be stretched to this one."""
        threat, expected = self._run.threat, (len(view.malicious), view.known.shape[1])
        sent = np.asarray(threat.attack.send(view))
        if sent.shape != expected:
            message = f"{threat.name}: expected what malicious clients send as {list(expected)}, one row for each"
            raise ConfigError(f"{message}, not {list(sent.shape)}", threat.where)
        return sent

    def _participants(self, round_number: int) -> tuple[Rows, Rows]:
        """The clients of a round, [n], and the positions of the malicious ones among them."""
        training, threat = self._run.training, self._run.threat
        everybody = np.arange(training.client_num_in_total)
        rng = stream(self._run.seed, "participants", round_number)
        if training.client_num_per_round is None:
            chosen = everybody
        elif threat.every is None:
            chosen = rng.choice(everybody, training.participants, replace=False)
        else:
            invited = self._malicious if round_number % threat.every == 0 else self._malicious[:0]
            honest = rng.choice(everybody[threat.malicious :], training.participants - len(invited), replace=False)
            chosen = np.concatenate([invited, honest])
        if threat.redrawn:
            return chosen, rng.choice(len(chosen), min(threat.malicious, len(chosen)), replace=False)
        return chosen, np.flatnonzero(chosen < threat.malicious)

    def _gradients(self, progress: Progress, participants: Rows) -> Vector:
        """What each participant finds, [n, d]: the sum of its local gradients."""
        training = self._run.training
        total: Any = np.float32(0)
        for step in range(training.local_steps):
            rng = stream(self._run.seed, f"batches of step {step}", progress.round)
            batches = self._sampler.draw(participants, rng)
            features, labels = self._data.features[batches.rows], self._data.labels[batches.rows]
            model = progress.model - np.float32(training.learning_rate) * total
            total = total + self._model.gradients(model, features, labels, batches.weights)
        gradients: Vector = total
        return gradients

    def _root_gradient(self, model: Vector) -> Vector:
        """The server's gradients of all its rows, as many steps as a client takes, [d]."""
        training, rows = self._run.training, self._data.root[np.newaxis]
        weights = np.full(rows.shape, 1.0 / rows.size if training.loss == "mean" else 1.0)
        total = np.zeros_like(model)
        for _ in range(training.local_steps):
            moved = model - np.float32(training.learning_rate) * total
            total += self._model.gradients(moved, self._data.features[rows], self._data.labels[rows], weights)[0]
        return total

    def _inputs(self, progress: Progress, root: Vector | None, unattacked: Vector) -> dict[str, Array]:
        """What a rule may take in a round besides the updates, by name."""
        inputs: dict[str, Array] = {
            "model": progress.model,
            "examples": self._data.root_rows,
            UNATTACKED: unattacked,
        }
        for name, (start, growth) in self._run.defence.server_inputs.items():
            inputs[name] = np.asarray(start + growth * progress.round, np.float32)
        return inputs if root is None else {**inputs, "root_update": root}
