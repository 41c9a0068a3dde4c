"""Experiments from a YAML file; docs/evaluation.md has its keys.

A file may have several documents, each an experiment; ``vary`` makes several of one.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ezprivsecfl.evaluation.packages import needed_for

with needed_for("the file of an experiment"):
    import yaml

from ezprivsecfl.aggregators.rule import RobustAggregation
from ezprivsecfl.evaluation.attacks import attack_class
from ezprivsecfl.evaluation.config import DataArgs, Defence, Experiment, ModelArgs, Threat, TrainArgs
from ezprivsecfl.evaluation.errors import ConfigError
from ezprivsecfl.evaluation.rules import hints_of, rule_of
from ezprivsecfl.evaluation.yaml_nodes import Reader, documents

SECTIONS = ("data_args", "model_args", "train_args", "attack_args", "defense_args")
KEYS = ("name", "setting", "seeds", "vary", "published", "source", "explained", *SECTIONS)

THREAT = {"byzantine_client_num": "malicious", "random_clients": "redrawn", "attack_every": "every", "name": "name"}
"""Keys of an attack that are no parameters of its class, and what ``Threat`` calls them."""

FEDSECURITY = {"krum_param_m": "selected", "byzantine_client_num": "byzantine"}
"""Parameters of rules that FedSecurity calls otherwise."""


def experiments_of(path: Path) -> list[Experiment]:
    """The experiments in a file.

    Raises:
        ConfigError: The file is not what is expected; the message has the line.
    """
    reader = Reader(path)
    found = [one for node in documents(path) for one in _Document(reader, node).experiments()]
    if not found:
        raise ConfigError(f"{path}: has no experiment")
    for experiment in found:
        try:
            list(experiment.runs())
        except ConfigError as e:
            raise e if e.where else ConfigError(f"{experiment.name}: {e}", str(path)) from None
    keys = [run.key for experiment in found for run in experiment.runs()]
    if doubled := {key for key in keys if keys.count(key) > 1}:
        raise ConfigError(f"{path}: several runs are called {min(doubled)!r}: give the experiments different settings")
    return found


class _Document:
    """One document of a file."""

    def __init__(self, reader: Reader, node: yaml.Node) -> None:
        self._reader, self._node = reader, node
        self._given = reader.mapping(node, "experiment")
        reader.known(self._given, KEYS, "experiment")
        for section in ("name", "data_args", "train_args", "attack_args", "defense_args"):
            if section not in self._given:
                raise reader.error(node, f"experiment: {section} is missing")

    def experiments(self) -> Iterator[Experiment]:
        """One for each combination of what is varied."""
        vary = self._reader.mapping(self._given["vary"], "vary") if "vary" in self._given else {}
        choices = [[(key, one) for one in self._reader.sequence(values)] for key, values in vary.items()]
        for chosen in itertools.product(*choices):
            sections = copy.deepcopy({key: node for key, node in self._given.items() if key in SECTIONS})
            for key, value in chosen:
                self._set(sections, key, value)
            names = [f"{key.split('.')[-1]}={self._reader.plain(value)}" for key, value in chosen]
            yield self._experiment(sections, ", ".join(names))

    def _text(self, key: str) -> str:
        return str(self._reader.plain(self._given[key])) if key in self._given else ""

    def _set(self, sections: dict[str, yaml.Node], key: str, value: yaml.Node) -> None:
        section, _, name = key.partition(".")
        if section not in sections or not name:
            raise self._reader.error(value, f"vary: expected section.key with a section that is there, not {key!r}")
        for node in self._reader.sequence(sections[section]):
            self._reader.mapping(node, section)
            others = [pair for pair in node.value if pair[0].value != name]
            node.value = [*others, (yaml.ScalarNode("tag:yaml.org,2002:str", name), value)]

    def _experiment(self, sections: Mapping[str, yaml.Node], varied: str) -> Experiment:
        read, given = self._reader, self._given
        model = sections.get("model_args")
        training: TrainArgs = self._section(sections["train_args"], TrainArgs, "train_args")
        attacks = [self._threat(node, training.client_num_in_total) for node in read.sequence(sections["attack_args"])]
        defences = [self._defence(node) for node in read.sequence(sections["defense_args"])]
        names = [one.name for one in defences], [one.name for one in attacks]
        seeds = [read.value(node, int, "seeds") for node in read.sequence(given["seeds"])] if "seeds" in given else [1]
        published = self._cells("published", float, *names)
        return Experiment(
            name=self._text("name"),
            data=self._section(sections["data_args"], DataArgs, "data_args"),
            model=ModelArgs() if model is None else self._section(model, ModelArgs, "model_args"),
            training=training,
            attacks=attacks,
            defences=defences,
            seeds=seeds,
            setting=self._text("setting"),
            varied=varied,
            published=published,
            source=self._text("source"),
            published_rounds=training.comm_round if published else None,
            explained=self._cells("explained", str, *names),
        )

    def _section(self, node: yaml.Node, kind: Any, what: str) -> Any:
        return self._reader.dataclass(node, self._reader.mapping(node, what), kind, what)

    def _threat(self, node: yaml.Node, clients: int) -> Threat:
        read, what = self._reader, "attack_args"
        given = read.mapping(node, what)
        type_ = given.pop("attack_type", None)
        enabled = read.value(given.pop("enable_attack"), bool, what) if "enable_attack" in given else True
        if type_ is None:
            raise read.error(node, f"{what}: attack_type is missing")
        name = str(read.plain(type_)) if enabled else "none"
        about = {THREAT[key]: given.pop(key) for key in list(given) if key in THREAT}
        attack = read.dataclass(node, given if enabled else {}, self._at(type_, attack_class, name), f"{what}: {name}")
        if "malicious" not in about:
            raise read.error(node, f"{what}: byzantine_client_num is missing")
        values: dict[str, Any] = {
            "name": name,
            "attack": attack,
            "malicious": self._count(about.pop("malicious"), clients),
            "where": read.where(node),
        }
        hints = {"redrawn": bool, "every": int, "name": str}
        values |= {key: read.value(value, hints[key], f"{what}: {key}") for key, value in about.items()}
        try:
            return Threat(**values)
        except ValueError as e:
            raise read.error(node, f"{what}: {e}") from None

    def _count(self, node: yaml.Node, clients: int) -> int:
        """How many clients: a number, or a share of all, rounded to the next number."""
        plain, what = self._reader.plain(node), "attack_args: byzantine_client_num"
        if not isinstance(plain, str):
            return int(self._reader.value(node, int, what))
        share = plain.removesuffix("%").strip()
        if share == plain or not share.isdecimal() or int(share) > 100:
            raise self._reader.error(node, f"{what}: expected a whole number or a share such as 20%, not {plain!r}")
        return round(int(share) / 100 * clients)

    def _defence(self, node: yaml.Node) -> Defence:
        read, what = self._reader, "defense_args"
        given = read.mapping(node, what)
        type_ = given.pop("defense_type", None)
        if type_ is None:
            raise read.error(node, f"{what}: defense_type is missing")
        enabled = read.value(given.pop("enable_defense"), bool, what) if "enable_defense" in given else True
        if not enabled:
            return Defence(rule_of("fedavg"))
        rule: RobustAggregation = self._at(type_, rule_of, str(read.plain(type_)))
        values: dict[str, Any] = {}
        if "name" in given:
            values["name"] = read.value(given.pop("name"), str, f"{what}: name")
        if "learning_rate" in given:
            values["learning_rate"] = read.value(given.pop("learning_rate"), float, f"{what}: learning_rate")
        numbers = {key: given.pop(key) for key in rule.server_types if key in given}
        parameters = {FEDSECURITY.get(key, key): value for key, value in given.items()}
        hints = hints_of(rule)
        read.known(parameters, hints, f"{what}: {rule.name}")
        try:
            return Defence(
                rule,
                parameters={k: read.value(v, hints[k], f"{what}: {rule.name}: {k}") for k, v in parameters.items()},
                server_inputs={key: self._growing(value, f"{what}: {key}") for key, value in numbers.items()},
                where=read.where(node),
                **values,
            )
        except ValueError as e:
            raise read.error(node, f"{what}: {e}") from None

    def _growing(self, node: yaml.Node, what: str) -> tuple[float, float]:
        """A number, or a pair of the first one and what it grows by in a round."""
        values = [self._reader.value(one, float, what) for one in self._reader.sequence(node)]
        if len(values) > 2:
            raise self._reader.error(node, f"{what}: expected a number, or a pair of it and its growth a round")
        return values[0], values[1] if len(values) == 2 else 0.0

    def _at(self, node: yaml.Node, find: Any, name: str) -> Any:
        try:
            return find(name)
        except ConfigError as e:
            raise self._reader.error(node, str(e)) from None

    def _cells(self, key: str, kind: type, rules: list[str], attacks: list[str]) -> dict[str, dict[str, Any]]:
        """What is said of single cells, by rule and attack; a text may be for all attacks."""
        if key not in self._given:
            return {}
        read = self._reader
        rows = read.mapping(self._given[key], key)
        read.known(rows, rules, key)
        found = {}
        for rule, row in rows.items():
            what = f"{key}: {rule}"
            alike = kind is str and isinstance(row, yaml.ScalarNode)
            of_rule = dict.fromkeys(attacks, row) if alike else read.mapping(row, what)
            read.known(of_rule, attacks, what)
            found[rule] = {attack: read.value(node, kind, what) for attack, node in of_rule.items()}
        return found
