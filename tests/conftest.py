from __future__ import annotations

import os
from typing import Any

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def tff_reference() -> Any:
    """TFF's own context; its worker can neither hang at exit nor hold the output of pytest open."""
    from ezprivsecfl.frontends.tff import reference_context

    return reference_context()
