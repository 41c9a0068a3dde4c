"""What importing this package does in a notebook: operations of later cells are traced to their lines."""

from __future__ import annotations

import sys
from typing import Any

from ezprivsecfl.cells import shell

BEFORE_CELLS = "pre_run_cell"


def follow_cells() -> None:
    """Has TFF remember source lines from the first cell on that is run after TFF was imported.

    A cell that imports this package or TFF is too early: then importing this package would have to import TFF.
    """
    session = shell()
    if session is None:
        return

    def track(_: Any) -> None:
        if "tensorflow_federated" in sys.modules:
            session.events.unregister(BEFORE_CELLS, track)
            from ezprivsecfl.frontends.tff import install_source_tracking

            install_source_tracking()

    session.events.register(BEFORE_CELLS, track)
