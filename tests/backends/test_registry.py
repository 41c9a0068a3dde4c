"""Back ends are found by their names, also those of other packages."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest
from small_programs import weighted_layers

from ezprivsecfl.backends import registry
from ezprivsecfl.backends.base import Backend
from ezprivsecfl.backends.duet.backend import Duet
from ezprivsecfl.backends.motion2nx.backend import Motion2nx
from ezprivsecfl.backends.plain.backend import Plain
from ezprivsecfl.backends.registry import choose, names
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.compiler.pipeline import compile_program
from ezprivsecfl.errors import CompileError


class Toy(Plain):
    """What another package might register."""

    name = "toy"


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("toy_package")
    module.Toy, module.Nothing = Toy, dict
    monkeypatch.setitem(sys.modules, "toy_package", module)
    values = {"toy": "toy_package:Toy", "no": "toy_package:Nothing"}
    added = [EntryPoint(name, value, registry.GROUP) for name, value in values.items()]
    found = registry.entry_points(group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [*found, *added])


def test_ours():
    assert names() == ["duet", "motion2nx", "plain"]
    assert choose("duet", link="wan", arithmetic=None) == Duet(link="wan")
    assert choose("motion2nx", arithmetic="beavy") == Motion2nx(None, "beavy")
    assert isinstance(choose("plain"), Plain)
    kept = Duet(network="wan")
    assert choose(kept, network="lan") is kept


@pytest.mark.usefixtures("toy")
def test_those_of_other_packages():
    assert names() == ["duet", "motion2nx", "no", "plain", "toy"]
    assert choose("toy").name == "toy"
    with pytest.raises(CompileError, match=r"the entry point no of ezprivsecfl\.backends gives no back end but a dict"):
        choose("no")


def test_what_there_is_not():
    with pytest.raises(CompileError, match="there is no back end 'gpu'; choose one of duet, motion2nx, plain"):
        choose("gpu")
    with pytest.raises(CompileError, match="the back end duet has no setting arithmetic: leave out arithmetic='gmw'"):
        choose("duet", arithmetic="gmw")


@pytest.mark.parametrize("backend", [Duet(), Plain()], ids=lambda b: b.name)
def test_costs_are_those_of_the_back_end(backend: Backend):
    compiled = compile_program(weighted_layers(3), Options(clients=4))
    lowered = backend.lower(compiled)
    table = lowered.cost(4, "wan")
    assert table.total_bytes == sum(table.setup_bytes) + sum(table.online_bytes) > 0
    assert table.online_seconds > lowered.cost(4).online_seconds


def test_motion2nx_declares_no_costs():
    compiled = compile_program(weighted_layers(3), Options(clients=4))
    with pytest.raises(CompileError, match="MOTION2NX does not declare what operations cost: ask the back end duet"):
        Motion2nx().lower(compiled).cost(4)
