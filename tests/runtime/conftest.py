"""One cluster for all runtime tests: starting two processes takes half a second, building a program two."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ezprivsecfl.runtime.local_cluster import LocalCluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    made = LocalCluster(timeout=20.0)
    yield made
    made.stop()
