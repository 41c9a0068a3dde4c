"""Results on disk as they come: one line of JSON for each reading, and where each run is.

A folder has ``readings.jsonl``, ``configuration.json`` (every run's parameters), and ``checkpoints/``. Whatever was
killed goes on from its last reading.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from ezprivsecfl.errors import EzError
from ezprivsecfl.evaluation.config import Run
from ezprivsecfl.evaluation.training import Progress

READINGS, CONFIGURATION, CHECKPOINTS = "readings.jsonl", "configuration.json", "checkpoints"


class StoreError(EzError):
    """A folder of results cannot be gone on with."""


def make_folder(folder: Path) -> None:
    """Makes a folder of results, if it is not there.

    Raises:
        StoreError: It cannot be made.
    """
    try:
        (folder / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise StoreError(f"{folder}: the folder of results cannot be made ({e}): choose another one") from None


class Store:
    """The results in one folder, which is made if it is not there.

    Args:
        folder: Where they are.

    Raises:
        StoreError: The folder cannot be made, or its files are damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_folder(folder)
        self._readings: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in self._lines():
            self._readings[line["run"]].append(line)
        self._configuration = self._read_configuration()

    def readings(self, run: Run) -> list[dict[str, Any]]:
        """A run's readings so far, in order."""
        return self._readings[run.key]

    def resume(self, run: Run, start: Progress) -> Progress:
        """Where to go on with a run; the start, if there is nothing of it.

        Raises:
            StoreError: The folder has a run of that name with other parameters.
        """
        described = describe(run)
        known = self._configuration.setdefault(run.key, described)
        if known != described:
            differing = ", ".join(sorted(key for key in described if known.get(key) != described[key]))
            raise StoreError(
                f"{self.folder} has results of {run.key!r} with other parameters ({differing}): choose another folder"
            )
        _write(self.folder / CONFIGURATION, json.dumps(self._configuration, indent=1).encode())
        path = self._checkpoint(run)
        progress = _load(path) if path.exists() else start
        # A reading after the checkpoint was written before the kill, and is made again.
        kept = [line for line in self._readings[run.key] if line["round"] <= progress.round]
        if len(kept) < len(self._readings[run.key]):
            self._readings[run.key] = kept
            lines = [json.dumps(line) + "\n" for of_run in self._readings.values() for line in of_run]
            _write(self.folder / READINGS, "".join(lines).encode())
        return progress

    def record(self, run: Run, progress: Progress) -> None:
        """Appends a reading, and keeps where the run is."""
        assert progress.reading is not None
        line = {
            "run": run.key,
            **asdict(progress.reading),
            "sent_bytes": progress.sent_bytes,
            "seconds": progress.seconds,
            "compile_seconds": progress.compile_seconds,
            "dropped": progress.dropped,
        }
        line = json.loads(json.dumps(line))
        with open(self.folder / READINGS, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._readings[run.key].append(line)
        _save(self._checkpoint(run), progress)

    def _checkpoint(self, run: Run) -> Path:
        return self.folder / CHECKPOINTS / f"{hashlib.sha256(run.key.encode()).hexdigest()[:16]}.npz"

    def _read_configuration(self) -> dict[str, Any]:
        path = self.folder / CONFIGURATION
        try:
            found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        except json.JSONDecodeError as e:
            raise StoreError(f"{path}: no JSON ({e}): choose another folder") from None
        return found

    def _lines(self) -> list[dict[str, Any]]:
        path = self.folder / READINGS
        lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
        if lines and not lines[-1].endswith("\n"):  # the kill was in the middle of a line
            lines.pop()
            _write(path, "".join(lines).encode())
        try:
            return [json.loads(line) for line in lines]
        except json.JSONDecodeError as e:
            raise StoreError(f"{path}: a line is no JSON ({e}): choose another folder") from None


def describe(run: Run) -> dict[str, Any]:
    """All parameters of a run, as JSON has them; of an attack or rule its class or function, too."""
    attack, rule = run.threat.attack, run.defence.rule.function
    described = {
        "data": asdict(run.data),
        "model": asdict(run.model),
        "training": asdict(run.training),
        "attack": {
            "class": f"{type(attack).__module__}.{type(attack).__qualname__}",
            "parameters": {one.name: getattr(attack, one.name) for one in fields(attack)},
            **{key: getattr(run.threat, key) for key in ("malicious", "redrawn", "every")},
        },
        "defence": {
            "function": f"{rule.__module__}.{rule.__qualname__}",
            "parameters": dict(run.defence.parameters),
            "learning_rate": run.defence.learning_rate,
            "server_inputs": dict(run.defence.server_inputs),
        },
        "seed": run.seed,
        "secure": run.secure,
    }
    plain: dict[str, Any] = json.loads(json.dumps(described, default=str))
    return plain


def _write(path: Path, content: bytes) -> None:
    """Replaces a file at once: a kill leaves the old or the new one."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)


def _save(path: Path, progress: Progress) -> None:
    arrays: Mapping[str, Any] = {
        "model": progress.model,
        "previous_model": progress.previous_model,
        **({} if progress.state is None else {"state": progress.state}),
    }
    numbers = {key: getattr(progress, key) for key in ("round", "sent_bytes", "seconds", "compile_seconds")}
    numbers["dropped"] = {str(client): count for client, count in progress.dropped.items()}
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez(unfinished, numbers=json.dumps(numbers), **arrays)
    os.replace(unfinished, path)


def _load(path: Path) -> Progress:
    try:
        with np.load(path) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (OSError, ValueError) as e:
        raise StoreError(f"{path}: no checkpoint ({e}): choose another folder") from None
    numbers = json.loads(str(arrays.pop("numbers")))
    numbers["dropped"] = {int(client): count for client, count in numbers["dropped"].items()}
    return Progress(**arrays, **numbers)
