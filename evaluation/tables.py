"""Tables in Markdown of experiments that have the same attacks and rules: one, or all values of what is varied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ezprivsecfl.evaluation.config import Experiment
from ezprivsecfl.evaluation.store import Store
from ezprivsecfl.evaluation.summary import Cell, cells

DEVIATION = 0.03
"""Of ours from a published accuracy; larger ones are marked."""

ROUNDED = 0.005
"""What is published has two decimals."""

Cells = dict[tuple[str, str], Cell]
"""By rule and attack."""

Text = Callable[["Summary", str, str], str]
"""What a table has of an experiment for a rule and an attack; empty for nothing."""


@dataclass(frozen=True)
class Summary:
    """An experiment with what has been run of it.

    Args:
        experiment: The experiment.
        clear: Its runs in the clear.
        secure: Those on two servers.
    """

    experiment: Experiment
    clear: Cells
    secure: Cells = field(default_factory=dict)

    @staticmethod
    def of(store: Store, experiment: Experiment) -> Summary:
        """From a folder of results."""
        return Summary(experiment, cells(store, experiment), cells(store, experiment, secure=True))

    @property
    def state(self) -> str:
        """How much has been run, in words."""
        if not self.clear:
            return "nothing yet"
        wanted = list(self.experiment.runs())
        seeds = ", ".join(map(str, self.seeds))
        text = f"{self.experiment.training.comm_round:,} rounds, seed {seeds}, " + _done(
            "runs", self.clear, len(wanted)
        )
        return text + (", " + _done("on two servers", self.secure, len(wanted)) if self.secure else "")

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of the cell that has most; tables tell where a cell has others."""
        return max((cell.seeds for cell in self.clear.values()), key=len, default=())

    def deviations(self) -> Iterator[tuple[str, str, Cell, float, str]]:
        """Rule, attack, cell, published accuracy and explanation of cells that differ from what is published.

        Only such as were read after as many rounds are compared.
        """
        for rule, attacks in self.experiment.published.items():
            for attack, known in attacks.items():
                cell = self.clear.get((rule, attack))
                if cell is None or not self.comparable(cell) or abs(cell.accuracy - known) <= DEVIATION:
                    continue
                why = self.experiment.explained.get(rule, {}).get(attack, "")
                if not why and within(known, cell.lowest, cell.highest):
                    why = "the published reading is within the range of ours"
                yield rule, attack, cell, known, why

    def comparable(self, cell: Cell) -> bool:
        """Whether a cell is of as many rounds as what is published."""
        return cell.last_round == self.experiment.published_rounds


def within(published: float, lowest: float, highest: float) -> bool:
    """Whether a published accuracy, which is rounded, may be within a range."""
    return lowest - ROUNDED <= published <= highest + ROUNDED


def groups(summaries: Sequence[Summary]) -> list[list[Summary]]:
    """Those that share a table: of one setting, with the same attacks and rules."""
    found: dict[tuple[object, ...], list[Summary]] = {}
    for one in summaries:
        experiment = one.experiment
        key = (experiment.name, experiment.setting, *_names(experiment))
        found.setdefault(key, []).append(one)
    return list(found.values())


def table(group: Sequence[Summary], text: Text) -> str:
    """Rules and, if there are several experiments, what is varied as rows; attacks as columns."""
    rules, attacks = _names(group[0].experiment)
    varied = len(group) > 1
    head = [*(["varied"] if varied else []), "rule", *attacks]
    rows = [
        [*([one.experiment.varied] if varied else []), rule, *(text(one, rule, attack) for attack in attacks)]
        for one in group
        for rule in rules
    ]
    return markdown(head, [row for row in rows if any(row[len(head) - len(attacks) :])])


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text."""
    return "\n".join(["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)])


def accuracy(one: Summary, rule: str, attack: str) -> str:
    """Mean, spread over the seeds and range; with the seeds or the round, if the cell is not complete."""
    cell = one.clear.get((rule, attack))
    if cell is None:
        return ""
    spread = f" ± {cell.spread:.3f}" if len(cell.seeds) > 1 else ""
    return f"{cell.accuracy:.3f}{spread} [{cell.lowest:.2f}, {cell.highest:.2f}]" + _what_is_missing(one, cell)


def short_accuracy(one: Summary, rule: str, attack: str) -> str:
    """The mean alone."""
    cell = one.clear.get((rule, attack))
    return "" if cell is None else f"{cell.accuracy:.3f}" + _what_is_missing(one, cell)


def published(one: Summary, rule: str, attack: str) -> str:
    """A published accuracy with our difference, bold if it is large; none if ours is of another round.

    Nothing for a rule of which nothing has been run.
    """
    known, cell = one.experiment.published.get(rule, {}).get(attack), one.clear.get((rule, attack))
    if known is None or not any(run == rule for run, _ in one.clear):
        return ""
    if cell is None or not one.comparable(cell):
        return f"{known:.2f}"
    difference = cell.accuracy - known
    text = f"({difference:+.2f})"
    return f"{known:.2f} " + (f"**{text}**" if abs(difference) > DEVIATION else text)


def beside(one: Summary, rule: str, attack: str) -> str:
    """The mean, bold if it is far from what is published, and that in brackets."""
    known, cell = one.experiment.published.get(rule, {}).get(attack), one.clear.get((rule, attack))
    if known is None or cell is None:
        return short_accuracy(one, rule, attack)
    far = one.comparable(cell) and abs(cell.accuracy - known) > DEVIATION
    text = f"**{cell.accuracy:.3f}**" if far else f"{cell.accuracy:.3f}"
    return f"{text} ({known:.2f})" + _what_is_missing(one, cell)


def success(one: Summary, rule: str, attack: str) -> str:
    """The attack's success rate of all rows, and without those of the target class."""
    cell = one.clear.get((rule, attack))
    if cell is None or cell.success_all is None:
        return ""
    others = "" if cell.success_others is None else f" / {cell.success_others:.3f}"
    return f"{cell.success_all:.3f}{others}"


def on_two_servers(one: Summary, rule: str, attack: str) -> str:
    """Accuracy on two servers, its difference from the clear run's, traffic and time."""
    cell, clear = one.secure.get((rule, attack)), one.clear.get((rule, attack))
    if cell is None:
        return ""
    difference = ""
    if clear is not None and (clear.last_round, clear.seeds) == (cell.last_round, cell.seeds):
        difference = f" ({cell.accuracy - clear.accuracy:+.3f})"
    cost = f"{cell.sent_bytes / 1e9:.3f} GB, {cell.seconds:,.0f} s"
    return f"{cell.accuracy:.3f}{difference}; {cost}" + _what_is_missing(one, cell)


def dropped(one: Summary, rule: str, attack: str) -> str:
    """Clients that were left out on two servers, each with the number of rounds."""
    cell = one.secure.get((rule, attack))
    found = {} if cell is None else cell.dropped
    return ", ".join(f"{client}: {count}" for client, count in sorted(found.items(), key=lambda one: int(one[0])))


def _names(experiment: Experiment) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(one.name for one in experiment.defences), tuple(one.name for one in experiment.attacks)


def _done(what: str, found: Cells, wanted: int) -> str:
    done = sum(len(cell.seeds) for cell in found.values() if cell.complete)
    return f"all {wanted} {what}" if done == wanted else f"**partial**: {done} of {wanted} {what}"


def _what_is_missing(one: Summary, cell: Cell) -> str:
    if not cell.complete:
        return f" (round {cell.last_round:,})"
    return "" if cell.seeds == one.seeds else f" (seed {', '.join(map(str, cell.seeds))})"
