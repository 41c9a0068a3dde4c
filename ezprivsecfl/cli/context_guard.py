"""Keeps the secure context in force while a user's program runs.

Most TFF programs choose an execution context themselves. Run in it, their aggregations would be computed in the
clear although the user asked for two servers, so while ``ezcompile run`` runs a program no such choice takes effect
on them. Computations without anything from clients run in the context that the program chose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import tensorflow_federated as tff
from tensorflow_federated.python.core.impl.context_stack import context_stack_impl, runtime_error_context
from tensorflow_federated.python.core.impl.execution_contexts import (
    async_execution_context,
    mergeable_comp_execution_context,
    sync_execution_context,
)

from ezprivsecfl.frontends.tff import has_clients_parameter, tame_worker
from ezprivsecfl.secure_context import RunnerContext, SecureRunner, install

_EXECUTION_CONTEXTS = (
    async_execution_context.AsyncExecutionContext,
    mergeable_comp_execution_context.MergeableCompExecutionContext,
    sync_execution_context.SyncExecutionContext,
)

OVERRULED = "the program chooses a TFF execution context; its aggregations stay in the secure one all the same"
OWN_OPTIONS = "the program sets the secure execution context itself; its options apply instead of the command line's"


class _Awaitable(tff.framework.AsyncContext):  # type: ignore[misc]
    """The secure context for programs that await results; ``chosen`` computes what has nothing from clients."""

    def __init__(self, secure: RunnerContext, chosen: tff.framework.AsyncContext) -> None:
        self._secure = secure
        self._chosen = chosen

    async def invoke(self, comp: Any, arg: Any) -> Any:
        if isinstance(self._chosen, async_execution_context.AsyncExecutionContext) and not has_clients_parameter(comp):
            return await self._chosen.invoke(comp, arg)
        return self._secure.invoke(comp, arg)


class _Choice:
    """What takes the place of the context that a program chooses."""

    def __init__(self, runner: SecureRunner, note: Callable[[str], None]) -> None:
        self._runner = runner
        self._secure = RunnerContext(runner)
        self._note = note
        self._noted: set[str] = set()

    def instead_of(self, context: Any) -> Any:
        """The context to use."""
        if isinstance(context, RunnerContext):
            if context.runner is not self._runner:
                context.runner.observer, context.runner.progress = self._runner.observer, self._runner.progress
                self._say(OWN_OPTIONS)
                self._secure = context
            return context
        self._say(OVERRULED)
        if isinstance(context, tff.framework.AsyncContext):
            return _Awaitable(self._secure, context)
        executes = isinstance(context, sync_execution_context.SyncExecutionContext)
        return RunnerContext(self._secure.runner, context.invoke if executes else None)

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
    stack = context_stack_impl.ContextStackImpl
    set_default, push = stack.set_default_context, stack.install
    choice = _Choice(runner, note)

    def guarded_set_default(self: Any, context: Any) -> None:
        # The context that only raises is what programs set to make sure that nothing is executed.
        refuses = isinstance(context, runtime_error_context.RuntimeErrorContext)
        set_default(self, context if refuses else choice.instead_of(context))

    def guarded_push(self: Any, context: Any) -> AbstractContextManager[Any]:
        # TFF itself pushes contexts in which computations are traced; those are none of our business.
        executes = isinstance(context, (*_EXECUTION_CONTEXTS, RunnerContext))
        pushed: AbstractContextManager[Any] = push(self, choice.instead_of(context) if executes else context)
        return pushed

    tame_worker()
    install(runner)
    stack.set_default_context, stack.install = guarded_set_default, guarded_push
    try:
        yield
    finally:
        stack.set_default_context, stack.install = set_default, push
