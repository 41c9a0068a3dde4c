"""The TFF context that calls of computations go through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow_federated as tff

from ezprivsecfl.frontends.tff.discovery import has_clients_parameter
from ezprivsecfl.frontends.tff.reference import reference_context

Handler = Callable[[Any, Any], Any]


class SecureContext(tff.framework.SyncContext):  # type: ignore[misc]
    """Hands aggregations to a handler, and everything else to TFF.

    Install it with ``tff.framework.set_default_context``.

    Args:
        run: Called with a computation that has a CLIENTS parameter and with its argument as TFF passes it (``None``,
            the value of the only parameter, or a ``Struct`` of several); gives the result in the user's containers.
        plain: Called with any other computation. A context that the program has made knows, for instance, how many
            clients it wants where no argument tells; by default TFF's own.
    """

    def __init__(self, run: Handler, plain: Handler | None = None) -> None:
        self._run = run
        self._plain = plain

    def invoke(self, comp: Any, arg: Any) -> Any:
        """The result of a call."""
        if has_clients_parameter(comp):
            return self._run(comp, arg)
        return (self._plain or reference_context().invoke)(comp, arg)
