"""Errors show the user's line with carets under the operation."""

from __future__ import annotations

import linecache
from pathlib import Path

import pytest

from ezprivsecfl.errors import UNKNOWN, CompileError, Location

PROGRAM = """\
ratio = lambda x, n: tf.round(x) * 2 - x / tf.maximum(n, 1e-3)
größe = "Übergröße"; y = tf.sqrt(x)  # a root
z = tf.math.divide_no_nan(
    a, b)
mean = tff.federated_max(tff.federated_map(f, v)), a / b / c
    
"""  # noqa: W293


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return str(path)


@pytest.mark.parametrize(
    ("line", "op", "marked"),
    [
        (1, "RealDiv", "x / tf.maximum(n, 1e-3)"),
        (1, "Maximum", "tf.maximum(n, 1e-3)"),
        (1, "Round", "tf.round(x)"),
        (1, "Sub", "tf.round(x) * 2 - x / tf.maximum(n, 1e-3)"),
        (1, "Mul", "tf.round(x) * 2"),
        (1, "Rsqrt", "ratio = lambda x, n: tf.round(x) * 2 - x / tf.maximum(n, 1e-3)"),  # nothing of that name
        (2, "Sqrt", "tf.sqrt(x)"),  # columns are characters, not bytes
        (3, "DivNoNan", "z = tf.math.divide_no_nan("),
        (5, "federated_max", "tff.federated_max(tff.federated_map(f, v))"),
        (5, "RealDiv", "mean = tff.federated_max(tff.federated_map(f, v)), a / b / c"),  # two of them: the whole line
        (5, "", "mean = tff.federated_max(tff.federated_map(f, v)), a / b / c"),
    ],
)
def test_carets_are_under_the_operation(file: str, line: int, op: str, marked: str) -> None:
    message, place, text, carets = str(CompileError("does not fit", [Location(file, line, op)])).split("\n")
    assert message == "does not fit"
    assert place == f"  at {file}:{line}" + (f" ({op})" if op else "")
    assert text == "    " + PROGRAM.splitlines()[line - 1]
    start = carets.index("^")
    assert text[start : len(carets)] == marked
    assert carets == " " * start + "^" * len(marked)


@pytest.mark.parametrize("line", [0, 6, 7, 1000])
def test_without_a_line_there_is_no_excerpt(file: str, line: int) -> None:
    assert str(CompileError("wrong", [Location(file, line)])) == f"wrong\n  at {file}:{line}"


def test_without_source_there_is_no_excerpt() -> None:
    assert str(CompileError("wrong", [Location("gone.py", 3, "Mul"), UNKNOWN])) == "wrong\n  at gone.py:3 (Mul)"


def test_cells_of_notebooks_are_shown() -> None:
    # What IPython does with every cell; one with a command of its own is no Python, and is underlined as a whole.
    for name, text in {"cell1": "y = x / n\n", "cell2": "%time\ny = x / n\n"}.items():
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    assert str(CompileError("a", [Location("cell1", 1, "RealDiv")])).endswith("\n    y = x / n\n        ^^^^^")
    assert str(CompileError("a", [Location("cell2", 2, "RealDiv")])).endswith("\n    y = x / n\n    ^^^^^^^^^")
