"""What may import what: lower layers know nothing of higher ones, and no modules import each other in a circle."""

from __future__ import annotations

import ast
import graphlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PACKAGE = "ezprivsecfl"

IR = {"errors", "ir", "ir.circuits"}
WORDS = {"compiler.choices", "compiler.grammar"}
DECLARED = {
    *("compiler.parameter_bounds", "compiler.norm_bounds", "compiler.binary_parameters", "compiler.server_inputs"),
}
BOUNDS = DECLARED | {"compiler.by_parameter"}
OPTIONS = IR | BOUNDS | WORDS | {"compiler.accounting", "compiler.options"}
COMPILED = OPTIONS | {"compiler.compiled"}

ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "ir.circuits": {"errors"},
    "ir": {"errors", "ir.circuits"},
    "drawing": {"errors", "ir", "ir.circuits"},
    "installing": {"errors"},
    "frontends": {"errors", "ir", "installing"},
    "aggregators": {"installing"},
    "compiler.by_parameter": IR,
    "compiler.choices": {"ir"},
    "compiler.grammar": {"errors", "ir", "compiler.choices"},
    "compiler.accounting": {"errors"},
    **{module: IR | WORDS | {"compiler.by_parameter"} for module in DECLARED},
    "compiler.options": IR | BOUNDS | WORDS | {"compiler.accounting"},
    "compiler.compiled": OPTIONS,
    "compiler.analyses": COMPILED,
    "compiler.passes": OPTIONS | {"compiler.analyses"},
    "compiler.lowering": COMPILED | {"compiler.analyses"},
    "compiler": COMPILED | {"compiler.analyses", "compiler.passes", "compiler.lowering"},
    "runtime": {"errors", "ir", "drawing"},
    "backends": COMPILED | {"runtime"},
    "backends.motion2nx": COMPILED | {"runtime", "backends"},
    "backends.duet": COMPILED | {"runtime", "backends", "drawing"},
    "backends.plain": COMPILED | {"runtime", "backends", "backends.duet"},
    "progress": {"errors", "backends"},
    "rounds": OPTIONS,
    "precision": COMPILED | {"compiler.analyses"},
    "report": COMPILED | {"compiler.analyses", "compiler.passes", "runtime", "backends", "rounds", "drawing"},
    "lines": COMPILED | {"compiler.analyses", "runtime", "backends"},
    "variants": COMPILED | {"compiler", "runtime", "backends", "rounds"},
    "program_html": {"errors", "drawing", "runtime", "report", "variants"},
    "api": COMPILED
    | {"frontends", "runtime", "backends", "backends.plain", "rounds", "precision", "drawing", "report"}
    | {"variants", "program_html", "progress", "installing"},
    "secure_context": OPTIONS | {"frontends", "runtime", "backends", "variants", "api", "installing"},
    "start": {
        *("errors", "installing", "frontends", "aggregators", "compiler.accounting", "backends.duet"),
        *("backends.motion2nx", "api", "secure_context"),
    },
    "cli": OPTIONS | {"frontends", "runtime", "backends", "progress", "variants", "secure_context", "start"},
    "cli.compiling": OPTIONS | {"drawing", "runtime", "backends", "report", "progress", "cli"},
    "cli.compile": OPTIONS | {"backends", "cli", "cli.compiling"},
    "cli.explaining": OPTIONS | {"runtime", "backends", "lines", "progress", "cli"},
    "cli.explain": OPTIONS | {"backends", "cli", "cli.explaining"},
    "cli.run": OPTIONS | {"frontends", "backends", "progress", "secure_context", "cli"},
    "cli.opt": OPTIONS | {"compiler", "backends", "cli"},
    "cli.doctor": {"errors", "frontends", "runtime", "backends", "backends.motion2nx"}
    | {"installing", "progress", "start", "cli"},
    "cli.new": {"errors", "installing", "cli"},
    "cli.main": {"errors", "installing", "cli"},
}
"""By part of the package, from the ground floor up, the other parts that it may import.

A part is a module or folder; the longest name that fits counts: ``cli`` is what the commands share. What is not listed
(the evaluation) may import everything, and no part may import it.
"""

ALSO = {
    "cells": "errors",
    "domains": "ir",
    "excerpts": "errors",
    "tracebacks": "errors",
    "notebook": "start",
    "pace": "progress",
    PACKAGE: "start",
}
"""Modules that belong to a part of another name."""

ENGINE = f"{PACKAGE}.runtime._duet"
"""A module too, though no Python file: it is compiled."""

PRINTS_ITSELF = ("ezprivsecfl.ir.program", "ezprivsecfl.ir.text")
"""The only circle: ``str`` of a program is its text, and the text is read into a program."""


def part_of(module: str) -> str:
    """The part that a module belongs to, such as ``ir`` for ``ezprivsecfl.ir.types``; the module itself if to none."""
    name = module.removeprefix(f"{PACKAGE}.")
    name = ALSO.get(name, name)
    fitting = [part for part in ALLOWED if name == part or name.startswith(f"{part}.")]
    return max(fitting, key=len, default=name)


def modules() -> Iterator[tuple[Path, str]]:
    """All source files with the names under which they are imported."""
    for folder in ("aggregators", "backends", "compiler", "evaluation", "frontends", "ir", "runtime", PACKAGE):
        for path in sorted((*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.pyi"))):  # also those in C++
            relative = path.relative_to(ROOT).with_suffix("")
            parts = relative.parts[1:] if folder == PACKAGE else relative.parts
            yield path, ".".join((PACKAGE, *parts)).removesuffix(".__init__")


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """The package's modules that a file imports, also inside functions, with the lines."""
    names = {ENGINE, *(name for _, name in modules())}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.startswith(PACKAGE))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in names else str(node.module)


def violations() -> list[str]:
    found = []
    for path, module in modules():
        part = part_of(module)
        for line, other in imported(path) if part in ALLOWED else ():
            target = part_of(other)
            if target != part and target not in ALLOWED[part]:
                found.append(f"{path.relative_to(ROOT)}:{line}: {part} imports {other}")
    return found


def test_layers():
    assert not violations(), "\n".join(violations())


@pytest.mark.parametrize("part", ALLOWED)
def test_every_part_exists_and_is_above_what_it_imports(part: str):
    """So the table has no circles, and no line for what is gone."""
    order = list(ALLOWED)
    assert all(order.index(lower) < order.index(part) for lower in ALLOWED[part])
    assert any(part_of(module) == part for _, module in modules())


def test_tools_see_the_tree_as_it_is_imported():
    """Editors and type checkers follow a link for every folder that the package is installed from."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    installed = settings["tool"]["scikit-build"]["wheel"]["packages"]
    for name, folder in installed.items():
        assert (ROOT / name).resolve() == ROOT / folder, name
    links = [path for path in (ROOT / PACKAGE).rglob("*") if path.is_symlink()]
    assert len(links) == len(installed) - 1


def test_no_circles():
    """Also none within a part, and none through an import inside a function."""
    graph = {module: {other for _, other in imported(path)} for path, module in modules()}
    module, other = PRINTS_ITSELF
    graph[module].remove(other)
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def test_longest_names_count():
    assert part_of("ezprivsecfl.ir.circuits.words") == "ir.circuits"
    assert part_of("ezprivsecfl.ir.mpc.io") == "ir"
    assert part_of("ezprivsecfl.excerpts") == "errors"
    assert part_of("ezprivsecfl.cli.run") == "cli.run"
    assert part_of("ezprivsecfl.cli.recorder") == "cli"
    assert part_of("ezprivsecfl.evaluation.sums") == "evaluation.sums"
    assert part_of("ezprivsecfl") == "start"
