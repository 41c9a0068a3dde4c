"""What became of each of TFF's tests, and the table of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

TOLERANCE = 1e-3
"""Relative error of a fixed-point result that counts as right."""

RUNS, BOUNDED, SINGLE, UNSUPPORTED, REFUSED, INVALID, DIFFERS, ERROR, CRASH, HANG = VERDICTS = (
    "runs",
    "runs with --bound",
    "single client",
    "not supported",
    "refused",
    "value refused",
    "differs",
    "error",
    "crash",
    "hang",
)
"""In the order of the table.

``not supported`` is refused by the front end, ``refused`` by the compiler. ``value refused``: a client was dropped, or
the arguments are not what a secure round takes.
"""


@dataclass(frozen=True)
class Verdict:
    """What became of one test, and why."""

    module: str
    test: str
    kind: str
    reasons: tuple[str, ...] = ()


def calls_aggregation(control: dict[str, Any]) -> bool:
    """Whether a test calls something with CLIENTS-placed parameters, and passes in TFF's own context."""
    attempts = control["attempts"]
    return bool(attempts and attempts[0]["outcome"] == "passed" and attempts[0]["calls"])


def needs_fitting(attempt: dict[str, Any]) -> bool:
    """Whether a test should be tried with bounds of its own."""
    kind, _ = _judged(attempt)
    return kind in (REFUSED, INVALID, DIFFERS, ERROR)


def verdict(module: str, record: dict[str, Any]) -> Verdict:
    """What became of a test in our context."""
    if "ended" in record:
        return Verdict(module, record["test"], record["ended"], (record["detail"],))
    (first, why), *more = [_judged(attempt) for attempt in record["attempts"]]
    if more and more[0][0] == RUNS:
        return Verdict(module, record["test"], BOUNDED, why)
    kind, reasons = more[0] if more else (first, why)
    return Verdict(module, record["test"], kind, reasons)


def _judged(attempt: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    calls = attempt["calls"]
    for status, kind in (("single", SINGLE), ("unsupported", UNSUPPORTED), ("refused", REFUSED), ("invalid", INVALID)):
        reasons = [reason for call in calls if call["status"] == status for reason in call["reasons"]]
        if reasons:
            return kind, tuple(dict.fromkeys(reasons))
    broken = [reason for call in calls if call["status"] == "error" for reason in call["reasons"]]
    dropped = [f"client dropped: {reason}" for call in calls for reason in call["dropped"]]
    if broken or dropped:
        return (ERROR, tuple(broken)) if broken else (INVALID, tuple(dict.fromkeys(dropped)))
    wrong = [call["error"] for call in calls if call["error"] > TOLERANCE and not call["random"]]
    if wrong:
        return DIFFERS, (f"by {max(wrong):.1e}",)
    if attempt["outcome"] == "failed":
        if attempt["assertion"] and not any(call["random"] for call in calls):
            return RUNS, ()  # every call gave TFF's result within the tolerance; the test's own is tighter
        return (DIFFERS if attempt["assertion"] else ERROR), (attempt["detail"],)
    return RUNS, ()


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One line per module and one for all, in Markdown; then the reasons with their counts."""
    modules = list(dict.fromkeys(one.module for one in verdicts))
    yield f"| test module | tests | {' | '.join(VERDICTS)} |"
    yield "|---" * (len(VERDICTS) + 2) + "|"
    for module in modules:
        yield _row(module.removeprefix("tensorflow_federated.python."), [v for v in verdicts if v.module == module])
    yield _row("all", verdicts)
    for kind in VERDICTS[1:]:
        reasons = Counter(reason for v in verdicts if v.kind == kind for reason in v.reasons)
        alone = Counter(v.reasons[0] for v in verdicts if v.kind == kind and len(v.reasons) == 1)
        if reasons:
            yield ""
            yield f"{kind}: tests (in brackets those with no other reason)"
        yield from (f"  {count:4} ({alone[reason]:3})  {reason}" for reason, count in reasons.most_common())


def _row(name: str, verdicts: Sequence[Verdict]) -> str:
    counts = Counter(v.kind for v in verdicts)
    return f"| {name} | {len(verdicts)} | " + " | ".join(str(counts[kind] or "") for kind in VERDICTS) + " |"
