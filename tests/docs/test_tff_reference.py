"""The page on TFF lists what the front end has."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from scripts_as_modules import loaded_script

from ezprivsecfl.frontends.tff.intrinsics import INTRINSICS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return loaded_script("tff-reference")


def test_the_page_is_up_to_date(script):
    _, _, generated = (ROOT / "docs" / "tff.md").read_text("utf-8").partition(script.MARK)
    assert generated == "\n" + script.reference(), "run scripts/tff-reference"


def test_all_that_is_supported_is_listed_once(script):
    words = script.reference().split("### Not on shares")[0].replace(",", " ").split()
    assert all(words.count(f"`{name}`") == 1 for name in [*INTRINSICS, *script.our_lowerings()])


def test_every_other_operation_has_a_reason(script):
    states = {op.name: script.state(op) for op in script.all_operations()}
    assert "random numbers" in states["RandomUniform"]
    assert states["StringJoin"] == "strings"
    assert "own work" in states["ReduceDataset"]
    assert states["Lgamma"] == "no counterpart in the IR"
