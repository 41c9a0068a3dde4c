"""What users choose."""

from __future__ import annotations

import pytest

from ezprivsecfl.compiler.choices import first_clients
from ezprivsecfl.compiler.options import Options
from ezprivsecfl.errors import CompileError


def test_there_are_two_scales():
    with pytest.raises(CompileError, match="scale='small': choose from declared, fixed"):
        Options(scale="small")


def test_programs_are_first_compiled_for_some_clients():
    assert first_clients(None, 2) == 32
    assert first_clients(None, 40) == 40
    assert first_clients(5, 2) == 5
