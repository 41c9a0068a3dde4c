"""An experiment: data, model, training, attacks, rules and seeds. Every attack runs against every rule with every seed.

Names of fields are FedSecurity's where it has the same thing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ezprivsecfl.aggregators.rule import RobustAggregation
from ezprivsecfl.evaluation.attacks import Attack
from ezprivsecfl.evaluation.errors import ConfigError


@dataclass(frozen=True)
class DataArgs:
    """Whose rows are whose.

    Args:
        dataset: Which set; see ``data/datasets.py`` for what is smaller than its name says.
        partition_method: ``subject`` (HAR; 30 clients), ``bias`` (Fang et al.), or ``dirichlet``.
        bias: q of ``bias``.
        partition_alpha: alpha of ``dirichlet``.
        root_method: ``uniform``, ``biased`` (quotas per label, drawn), or ``first_rows`` (SAFEFL's code).
        root_size: Rows of the server.
        root_bias: p, the share of label 1 among them, for ``biased`` and ``first_rows``.
        train_rows: So many training rows, drawn at random, are all that there are; None for all of the set.
    """

    dataset: Literal["har", "mnist", "fashion_mnist", "cifar10", "ch_mnist"]
    partition_method: Literal["subject", "bias", "dirichlet"] = "bias"
    bias: float = 0.5
    partition_alpha: float = 0.5
    root_method: Literal["uniform", "biased", "first_rows"] = "uniform"
    root_size: int = 100
    root_bias: float = 0.1
    train_rows: int | None = None

    def __post_init__(self) -> None:
        for name in ("bias", "root_bias"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1")
        if not 0 < self.partition_alpha < math.inf:
            raise ValueError("partition_alpha: expected a positive number")
        if self.root_size < 1:
            raise ValueError("root_size: expected at least 1")
        if self.train_rows is not None and self.train_rows < 1:
            raise ValueError("train_rows: expected at least 1")


@dataclass(frozen=True)
class ModelArgs:
    """Which model, and where it starts.

    Args:
        model: ``lr`` (linear), ``cnn`` (FLTrust's) or ``lenet``.
        start_noise: Deviation of normal noise on the entries of the first model. A seed has the same noise, times this
            number. With 1e-6, as much as rounding does, it shows whether a run says anything at all.
    """

    model: Literal["lr", "cnn", "lenet"] = "lr"
    start_noise: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.start_noise < math.inf:
            raise ValueError("start_noise: expected a deviation, which is 0 or more")


@dataclass(frozen=True)
class TrainArgs:
    """How it is trained: in each round w -= learning_rate·rule(gradients).

    Args:
        client_num_in_total: Clients; with the partition by subject, 30.
        comm_round: Rounds.
        batch_size: Rows of a client's gradient, drawn without replacement; all, if it has fewer.
        learning_rate: The server's, and that of local steps.
        client_num_per_round: How many clients take part in a round, drawn anew; None for all.
        local_steps: Gradients that a client takes, one after the other on its own model; it sends their sum.
        loss: A gradient is the ``mean`` of its rows' or, as in FLTrust's public program, their ``sum``.
        frequency_of_the_test: Rounds from one reading of the metrics to the next.
        weight_by_rows: Whether gradients count by their clients' numbers of rows, as in SAFEFL's plaintext FedAvg.
        attack_sees_root: Whether attackers also see the server's gradient where the server computes one, as in SAFEFL.
    """

    client_num_in_total: int
    comm_round: int
    batch_size: int = 32
    learning_rate: float = 0.1
    client_num_per_round: int | None = None
    local_steps: int = 1
    loss: Literal["mean", "sum"] = "mean"
    frequency_of_the_test: int = 50
    weight_by_rows: bool = False
    attack_sees_root: bool = False

    def __post_init__(self) -> None:
        for name in ("client_num_in_total", "comm_round", "batch_size", "local_steps", "frequency_of_the_test"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError("learning_rate: expected a positive number")
        if not 1 <= self.participants <= self.client_num_in_total:
            raise ValueError("client_num_per_round: expected 1 to client_num_in_total")

    @property
    def participants(self) -> int:
        """Clients of a round."""
        return self.client_num_in_total if self.client_num_per_round is None else self.client_num_per_round


@dataclass(frozen=True)
class Threat:
    """An attack, and who carries it out.

    Args:
        attack: The attack.
        malicious: How many clients are malicious.
        name: For tables.
        redrawn: Whether others are malicious in every round, as in FedSecurity; then data are not poisoned.
        every: With sampling: all malicious clients take part in every so many rounds and in no others (Sun et al.'s
            fixed frequency); None leaves it to chance.
        where: The line of a file that it is from, for messages.
    """

    attack: Attack = field(default_factory=Attack)
    malicious: int = 0
    name: str = "none"
    redrawn: bool = False
    every: int | None = None
    where: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.malicious < 0:
            raise ValueError("byzantine_client_num: expected at least 0")
        if self.every is not None and self.every < 1:
            raise ValueError("attack_every: expected at least 1")
        if self.redrawn and type(self.attack).poison is not Attack.poison:
            raise ValueError("random_clients: the attack poisons data, so the same clients are malicious in all rounds")


@dataclass(frozen=True)
class Defence:
    """A rule.

    Args:
        rule: The rule.
        parameters: Its parameters; ``rules.Setting`` has what follows for those that are not given.
        name: For tables.
        learning_rate: Instead of the training's, for rules whose results are no gradients in length.
        server_inputs: Numbers that the rule takes from the server, by name, each with its growth a round.
        where: The line of a file that it is from, for messages.
    """

    rule: RobustAggregation
    parameters: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    learning_rate: float | None = None
    server_inputs: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    where: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise ValueError("learning_rate: expected a positive number")
        if not self.name:
            object.__setattr__(self, "name", self.rule.name)
        expected = set(self.rule.server_types)
        if wrong := expected.symmetric_difference(self.server_inputs):
            takes = f"{self.rule.name} takes the numbers {', '.join(sorted(expected)) or 'none'} from the server"
            raise ValueError(f"{takes}; missing or unknown: {', '.join(sorted(wrong))}")


@dataclass(frozen=True)
class Run:
    """One attack against one rule with one seed; in the clear, or with every aggregation on two servers."""

    data: DataArgs
    model: ModelArgs
    training: TrainArgs
    threat: Threat
    defence: Defence
    seed: int
    setting: str = ""
    secure: bool = False

    def __post_init__(self) -> None:
        if self.threat.malicious > self.training.client_num_in_total:
            clients = self.training.client_num_in_total
            message = f"byzantine_client_num: expected at most {clients}, for there are not so many clients"
            raise ConfigError(message, self.threat.where)
        if self.threat.every is not None and self.threat.malicious > self.training.participants:
            raise ConfigError("attack_every: more malicious clients than take part in a round", self.threat.where)
        if self.data.partition_method == "subject" and self.training.client_num_in_total != 30:
            raise ConfigError("partition_method subject: HAR has 30 subjects; expected client_num_in_total: 30")
        if self.seed < 0:
            raise ConfigError(f"seeds: expected whole numbers from 0 on, not {self.seed}")

    @property
    def key(self) -> str:
        """What names the run in the results' folder."""
        where = "on two servers" if self.secure else ""
        parts = [self.setting, self.threat.name, self.defence.name, f"seed {self.seed}", where]
        return " / ".join(part for part in parts if part)

    @property
    def byzantine(self) -> int:
        """f of the rules: how many malicious clients a round has, or is expected to have, rounded up."""
        if self.threat.every is not None:
            return self.threat.malicious
        share = self.training.participants / self.training.client_num_in_total
        return math.ceil(self.threat.malicious * share - 1e-9)


@dataclass(frozen=True)
class Experiment:
    """All runs of a grid.

    Args:
        name: Of the experiment.
        data: See ``DataArgs``.
        model: See ``ModelArgs``.
        training: See ``TrainArgs``.
        attacks: Columns of the table.
        defences: Rows of the table.
        seeds: Repetitions.
        setting: What distinguishes the experiment from others in the same file.
        varied: The values that distinguish it from others of the same setting.
        published: By rule and attack, accuracies to print next to ours.
        source: Where these are from.
        published_rounds: After how many rounds they were read; ours of another round are not comparable.
        explained: Why ours differ from them, by rule and attack.
    """

    name: str
    data: DataArgs
    model: ModelArgs
    training: TrainArgs
    attacks: Sequence[Threat]
    defences: Sequence[Defence]
    seeds: Sequence[int] = (1,)
    setting: str = ""
    varied: str = ""
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    source: str = ""
    published_rounds: int | None = None
    explained: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def whole_setting(self) -> str:
        """The setting, with what is varied in it: unique among the experiments of a folder."""
        return ", ".join(part for part in (self.setting, self.varied) if part)

    def runs(self) -> Iterator[Run]:
        """Seed after seed, so that a first table is there early.

        Raises:
            ConfigError: Two runs have the same names, a run cannot be, or there is none.
        """
        attacks, rules = [threat.name for threat in self.attacks], [defence.name for defence in self.defences]
        for kind, names in (("attacks", attacks), ("rules", rules)):
            if doubled := {name for name in names if names.count(name) > 1}:
                raise ConfigError(f"several {kind} are called {', '.join(sorted(doubled))}: give each its own name")
        if doubled_seeds := {seed for seed in self.seeds if list(self.seeds).count(seed) > 1}:
            raise ConfigError(f"seeds: {min(doubled_seeds)} is there twice")
        if not (attacks and rules and self.seeds):
            raise ConfigError("expected at least one attack, one rule and one seed")
        for seed in self.seeds:
            for threat in self.attacks:
                for defence in self.defences:
                    yield Run(self.data, self.model, self.training, threat, defence, seed, self.whole_setting)
