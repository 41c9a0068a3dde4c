"""The reference of the IR says what the operations say."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

import pytest
from scripts_as_modules import loaded_script

from ezprivsecfl.ir.mpc import MpcOp
from ezprivsecfl.ir.op import Op
from ezprivsecfl.ir.tensor import TensorOp

ROOT = Path(__file__).parents[2]
OPERATIONS: list[type[Op]] = [*TensorOp.REGISTRY.values(), *MpcOp.REGISTRY.values()]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return loaded_script("ir-reference")


def test_the_page_is_up_to_date(script):
    _, _, generated = (ROOT / "docs" / "ir.md").read_text("utf-8").partition(script.MARK)
    assert generated == "\n" + script.reference(), "run scripts/ir-reference"


@pytest.mark.parametrize("kind", OPERATIONS, ids=lambda kind: kind.__name__)
def test_every_operation_says_what_it_is(script, kind):
    """In its own docstring, with every attribute."""
    assert "__doc__" in vars(kind)
    text, _ = script.sections(inspect.getdoc(kind) or "")
    assert text
    assert not text.startswith(f"{kind.__name__}("), "the docstring that dataclass makes up"
    assert set(script.attribute_hints(kind)) <= set(script.meanings(kind))


def test_attributes_and_facts_are_shown(script):
    (relu,) = (kind for kind in OPERATIONS if kind.name == "relu")
    lines = list(script.described(relu))
    assert "max(x, 0)." in lines
    assert "- Non negative: always" in lines
    (open_,) = (kind for kind in OPERATIONS if kind.name == "open")
    (significant,) = (line for line in script.described(open_) if line.startswith("| `significant`"))
    assert significant.split(" | ")[1:3] == ["`int \\| None`", "`none`"]
