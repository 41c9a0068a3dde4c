"""EZPrivSecFL compiles federated-learning programs to secure two-party computation.

In a notebook::

    import ezprivsecfl as ez
    ez.set_secure_execution_context()   # from here on, calling an aggregation runs it on two servers

Importing this package imports neither TensorFlow nor TensorFlow Federated; using it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ezprivsecfl.notebook import follow_cells

if TYPE_CHECKING:
    from ezprivsecfl.aggregators import RobustAggregation, robust_aggregation
    from ezprivsecfl.api import SecureProgram, compile
    from ezprivsecfl.backends.duet.backend import Duet
    from ezprivsecfl.backends.motion2nx.backend import Motion2nx
    from ezprivsecfl.compiler.accounting import Accounting
    from ezprivsecfl.secure_context import set_secure_execution_context

    __version__: str

__all__ = [
    "Accounting",
    "Duet",
    "Motion2nx",
    "RobustAggregation",
    "SecureProgram",
    "__version__",
    "compile",
    "robust_aggregation",
    "set_secure_execution_context",
]

_HOME = {
    "Accounting": "compiler.accounting",
    "Duet": "backends.duet.backend",
    "Motion2nx": "backends.motion2nx.backend",
    "RobustAggregation": "aggregators.rule",
    "SecureProgram": "api",
    "compile": "api",
    "robust_aggregation": "aggregators.rule",
    "set_secure_execution_context": "secure_context",
}


follow_cells()


def __getattr__(name: str) -> Any:
    """Loads the parts that need TensorFlow Federated when they are first used; TffMissingError says how to get it."""
    if name == "__version__":
        from importlib.metadata import version

        return version("ezprivsecfl")
    if name not in _HOME:
        raise AttributeError(f"module 'ezprivsecfl' has no attribute {name!r}")
    from importlib import import_module

    from ezprivsecfl.installing import needing_tff

    with needing_tff():
        return getattr(import_module(f"ezprivsecfl.{_HOME[name]}"), name)
