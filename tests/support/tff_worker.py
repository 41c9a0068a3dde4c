"""Runs the tests of one of TFF's modules in this process, and writes a line of JSON before and after each."""

from __future__ import annotations

import importlib
import time
import unittest
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absl import flags
from tff_calls import ControlRunner, WatchedRunner
from tff_checkout import add_to_path
from tff_records import read_records, write_record
from tff_verdicts import needs_fitting

from ezprivsecfl.cli.context_guard import guarded
from ezprivsecfl.frontends.tff import install_source_tracking

Runner = ControlRunner | WatchedRunner


def run_module(checkout: Path, module: str, records: Path, chosen: set[str] | None) -> None:
    """Runs all tests of a module that have no record yet.

    Args:
        checkout: Of TFF's repository.
        module: The full name of a test module.
        records: Lines of JSON: ``{"begin": test}``, and when it has ended a record.
        chosen: The tests to run in our context; None for all, in TFF's.
    """
    install_source_tracking()
    warnings.simplefilter("ignore")
    add_to_path(checkout)
    flags.FLAGS(["tff_tests"], known_only=True)
    tests = list(_tests(unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(module))))
    done = {record["test"] for record in read_records(records)}
    for name, test in tests:
        if name in done or (chosen is not None and name not in chosen):
            continue
        write_record(records, {"begin": name})
        attempts = [_attempt(test, ControlRunner())] if chosen is None else _attempts(test)
        write_record(records, {"test": name, "attempts": attempts})


def _tests(suite: Any) -> Iterator[tuple[str, Any]]:
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from _tests(one)
        elif not one.id().endswith(".test_session"):  # a helper of tf.test.TestCase
            yield ".".join(one.id().split(".")[-2:]), one


def _attempts(test: Any) -> list[dict[str, Any]]:
    first = _attempt(test, WatchedRunner(fitted=False))
    return [first, _attempt(test, WatchedRunner(fitted=True))] if needs_fitting(first) else [first]


def _attempt(test: Any, runner: Runner) -> dict[str, Any]:
    result, started = unittest.TestResult(), time.perf_counter()
    with guarded(runner, lambda message: None):
        unittest.TestSuite([test]).run(result)
    bad = [*result.errors, *result.failures]
    outcome = "failed" if bad else "skipped" if result.skipped else "passed"
    detail = bad[0][1].strip().splitlines()[-1][:300] if bad else ""
    return {
        "outcome": outcome,
        "assertion": bool(result.failures) and not result.errors,
        "detail": detail,
        "seconds": round(time.perf_counter() - started, 2),
        "calls": [call.to_json() for call in runner.calls],
    }
