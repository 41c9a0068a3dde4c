"""Which computations are aggregations: something for the compiler to do."""

from __future__ import annotations

from typing import Any

import tensorflow_federated as tff


def has_clients_parameter(computation: Any) -> bool:
    """Whether a computation takes values that differ from client to client."""
    return _mentions_clients(computation.type_signature.parameter)


def _mentions_clients(type_: Any) -> bool:
    if isinstance(type_, tff.FederatedType):
        return type_.placement is tff.CLIENTS and not type_.all_equal
    if isinstance(type_, tff.StructType):
        return any(_mentions_clients(element) for _, element in tff.structure.iter_elements(type_))
    return False


def has_data_set(type_: Any) -> bool:
    """Whether values of a type have a data set (a sequence) in them."""
    if isinstance(type_, tff.FederatedType):
        return has_data_set(type_.member)
    if isinstance(type_, tff.StructType):
        return any(has_data_set(element) for _, element in tff.structure.iter_elements(type_))
    return isinstance(type_, tff.SequenceType)


def as_computation(value: Any) -> Any:
    """The computation that a value stands for: itself, or the ``next`` of a process.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(value, tff.templates.IterativeProcess):
        return value.next
    if isinstance(value, tff.Computation):
        return value
    raise TypeError(f"expected a tff.Computation or an AggregationProcess, not a {type(value).__name__}")


def initialize_of(value: Any) -> Any:
    """The computation of a process's first state; None if the value is no process."""
    return value.initialize if isinstance(value, tff.templates.IterativeProcess) else None


def find_computations(module_namespace: dict[str, Any]) -> dict[str, object]:
    """The aggregations among a module's names: computations with a CLIENTS parameter, and processes of such.

    Args:
        module_namespace: ``vars()`` of the executed module.
    """
    found: dict[str, object] = {}
    for name, value in module_namespace.items():
        computation = value.next if isinstance(value, tff.templates.IterativeProcess) else value
        if isinstance(computation, tff.Computation) and has_clients_parameter(computation):
            found.setdefault(name, value)
    return found
