"""TFF itself, run in plaintext: for ``--check``, and for computations that have nothing to do with clients."""

from __future__ import annotations

import atexit
import subprocess
from functools import cache
from types import SimpleNamespace
from typing import Any

import tensorflow_federated as tff
from tensorflow_federated.python.core.impl.executor_stacks import executor_factory


class _Worker(subprocess.Popen):  # type: ignore[type-arg]
    """TFF's worker process, made to end for certain and to hold none of this process's streams open."""

    def __init__(self, args: list[str], **_: Any) -> None:
        null = subprocess.DEVNULL
        super().__init__(args, stdin=null, stdout=null, stderr=null)
        atexit.register(self.kill)

    def wait(self, timeout: float | None = None) -> int:
        """Stops the worker first: the interrupt that TFF sends is lost where interrupts are ignored."""
        self.kill()
        atexit.unregister(self.kill)
        return super().wait(timeout)


@cache
@cache
def tame_worker() -> None:
    """Cures two hangs of TFF after the result, and tracebacks of its destructors; call it before TFF runs anything.

    In a background job the worker ignores the interrupt that ends it and TFF waits for ever; and a worker that
    outlives its parent keeps a pipe behind the parent open. Once in a process is enough.
    """
    executor_factory.subprocess = SimpleNamespace(Popen=_Worker)
    atexit.register(_let_go)


class _NoContext(tff.framework.SyncContext):  # type: ignore[misc]
    def invoke(self, comp: Any, arg: Any) -> Any:
        raise RuntimeError("Python is shutting down")


def _let_go() -> None:
    # TFF's destructors fail, with a message on stderr, while Python's modules are being taken down.
    tff.framework.set_default_context(_NoContext())
    reference_context.cache_clear()


@cache
def reference_context() -> Any:
    """TFF's own execution context (one per process); secure sums are computed in plaintext."""
    tame_worker()
    return tff.backends.test.create_sync_test_cpp_execution_context()
