"""A data set with HAR's form, small and easy: 30 subjects, three classes, 45 features."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SUBJECTS, ROWS, FEATURES, CLASSES = 30, 24, 45, 3


def write(folder: Path) -> Path:
    """Writes it as ``har.npz``, and returns the folder."""
    rng = np.random.default_rng(11)
    centres = rng.normal(size=(CLASSES, FEATURES))
    subjects = np.repeat(np.arange(1, SUBJECTS + 1), ROWS)
    labels = rng.integers(0, CLASSES, len(subjects))
    features = (centres[labels] + rng.normal(0, 0.5, (len(subjects), FEATURES))).astype(np.float32)
    train = subjects % 3 != 0
    parts = {"train": train, "test": ~train}
    arrays = {f"x_{part}": features[rows] for part, rows in parts.items()}
    arrays |= {f"y_{part}": labels[rows].astype(np.uint8) for part, rows in parts.items()}
    arrays |= {f"subject_{part}": subjects[rows].astype(np.uint8) for part, rows in parts.items()}
    np.savez(folder / "har.npz", **arrays)
    return folder
