"""Keeps the secure context in force while a user's program runs.

Most TFF programs choose an execution context themselves. Run in it, their aggregations would be computed in the
clear although the user asked for two servers, so while ``ezcompile run`` runs a program no such choice takes effect
on them. Computations without CLIENTS parameters run in the context that the program chose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import tensorflow_federated as tff
from tensorflow_federated.python.core.environments.jax_frontend.jax_computation_context import JaxComputationContext
from tensorflow_federated.python.core.environments.tensorflow_frontend.tensorflow_computation_context import (
    TensorFlowComputationContext,
)
from tensorflow_federated.python.core.impl.context_stack.context_stack_impl import ContextStackImpl
from tensorflow_federated.python.core.impl.context_stack.runtime_error_context import RuntimeErrorContext
from tensorflow_federated.python.core.impl.context_stack.symbol_binding_context import SymbolBindingContext

from ezprivsecfl.frontends.tff import tame_worker
from ezprivsecfl.secure_context import RunnerContext, SecureRunner, runner_of, secured

_TRACING_CONTEXTS = (SymbolBindingContext, TensorFlowComputationContext, JaxComputationContext)
"""Contexts in which TFF itself traces computations; they execute nothing."""

OVERRULED = "the program chooses a TFF execution context; its aggregations stay in the secure one all the same"
OWN_OPTIONS = "the program sets the secure execution context itself; its options apply instead of the command line's"


class _Choice:
    """What takes the place of the context that a program chooses."""

    def __init__(self, runner: SecureRunner, note: Callable[[str], None]) -> None:
        self._runner = runner
        self._note = note
        self._noted: set[str] = set()

    def instead_of(self, context: Any) -> Any:
        """The context to use."""
        runner = runner_of(context)
        if runner is None:
            self._say(OVERRULED)
            return secured(self._runner, context)
        if runner is not self._runner:
            runner.observer = self._runner.observer
            self._say(OWN_OPTIONS)
            self._runner = runner
        return context

    def _say(self, what: str) -> None:
        if what not in self._noted:
            self._noted.add(what)
            self._note(what)


@contextmanager
def guarded(runner: SecureRunner, note: Callable[[str], None]) -> Iterator[None]:
    """Installs a runner; until the block ends, contexts that the program chooses are replaced by it.

    Args:
        runner: Computes the aggregations.
        note: Told, once each, what a program's user should know about a replacement.
    """
    set_default, push = ContextStackImpl.set_default_context, ContextStackImpl.install
    choice = _Choice(runner, note)

    def guarded_set_default(self: Any, context: Any) -> None:
        # The context that only raises is what programs set to make sure that nothing is executed.
        refuses = isinstance(context, RuntimeErrorContext)
        set_default(self, context if refuses else choice.instead_of(context))

    def guarded_push(self: Any, context: Any) -> AbstractContextManager[Any]:
        left = isinstance(context, _TRACING_CONTEXTS)
        pushed: AbstractContextManager[Any] = push(self, context if left else choice.instead_of(context))
        return pushed

    tame_worker()
    tff.framework.set_default_context(RunnerContext(runner))
    ContextStackImpl.set_default_context, ContextStackImpl.install = guarded_set_default, guarded_push
    try:
        yield
    finally:
        ContextStackImpl.set_default_context, ContextStackImpl.install = set_default, push
