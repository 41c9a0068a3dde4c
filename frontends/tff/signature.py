"""From the argument of a call to arrays by path, and from arrays by path to the result of a call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow_federated as tff
from tensorflow_federated.python.core.impl.types import type_conversions

from ezprivsecfl.errors import InputError
from ezprivsecfl.frontends.tff.conversion import as_array, elements_of_value, with_dtype
from ezprivsecfl.frontends.tff.leaves import elements_of, tensor_leaf
from ezprivsecfl.frontends.tff.problems import Unsupported
from ezprivsecfl.ir.op import Array
from ezprivsecfl.ir.tensor import Placement


@dataclass(frozen=True)
class Arguments:
    """What a call was given.

    Args:
        clients: The number of clients.
        values: By path of the input one array, or for CLIENTS-placed inputs a list with one array per client; or, for
            a client whose value is not of the parameter's type, what is wrong with it.
        answers: Results that are known without the clients, by path, as TFF returns them.
        kept: Results that clients compute for themselves, by path a list with one for each client.
        handed: What the server keeps for its own work after the opening.
    """

    clients: int
    values: dict[str, Array | list[Array | InputError]]
    answers: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    handed: Sequence[Any] = ()

    @property
    def usable_clients(self) -> int:
        """How many clients have values of the parameters' types."""
        columns = [column for column in self.values.values() if isinstance(column, list)]
        return sum(not any(isinstance(column[i], InputError) for column in columns) for i in range(self.clients))

    def without(self, dropped: Mapping[int, str]) -> Arguments:
        """The same round without some clients, given by their positions, each with the reason."""

        def left(column: list[Array | InputError]) -> list[Array | InputError]:
            return [InputError(dropped[i]) if i in dropped else value for i, value in enumerate(column)]

        return replace(self, values={path: left(v) if isinstance(v, list) else v for path, v in self.values.items()})

    def stacked(self) -> dict[str, Array]:
        """One array per input; the clients are stacked along the first axis.

        Raises:
            InputError: A client's value is not of the parameter's type.
        """
        return {
            path: np.stack([_usable(one, i) for i, one in enumerate(v)]) if isinstance(v, list) else v
            for path, v in self.values.items()
        }

    def kept_without(self, clients: Collection[int]) -> list[dict[str, Any]]:
        """What every client keeps, by path, of all but some clients, which are given by their positions.

        Raises:
            InputError: A client's own work has failed.
        """
        rows = [i for i in range(self.clients) if i not in clients]
        return [{path: _usable(column[i], i) for path, column in self.kept.items()} for i in rows]


@dataclass(frozen=True)
class Signature:
    """What a computation takes and returns.

    Args:
        name: The computation's name, for error messages.
        parameter: The TFF type of its parameter; a structure of types if it has several.
        result: The TFF type of its result.
        parameter_path: Path of the parameter; empty for a structure of several.
        result_path: Path of the result; empty for a structure of several.
    """

    name: str
    parameter: Any
    result: Any
    parameter_path: str
    result_path: str

    def flatten(self, argument: object) -> Arguments:
        """Arrays by input path, checked against the parameter's type.

        Args:
            argument: What a TFF context's ``invoke`` is given: the value of the only parameter, or a
                ``Struct`` of several; CLIENTS-placed values are lists with one element per client.

        Raises:
            InputError: A SERVER-placed value is missing or of the wrong structure, shape or element type.
        """
        flat = _Flattening(self.name)
        flat.placed(argument, self.parameter, self.parameter_path)
        assert flat.clients is not None
        return Arguments(flat.clients, flat.values)

    def of_state(self, state: object) -> dict[str, Array | list[Array | InputError]]:
        """Arrays by input path of a process's state, the first of its parameters; see ``flatten``."""
        _, type_, path = elements_of(self.parameter, self.parameter_path)[0]
        flat = _Flattening(self.name)
        flat.placed(state, type_, path)
        return flat.values

    def placed(self, argument: object) -> dict[str, Any]:
        """The values of the placed parameters as they were given, by path; those of clients one by one."""
        return dict(_placed(argument, self.parameter, self.parameter_path))

    def without(self, argument: object, clients: Collection[int]) -> object:
        """The argument of the same call without some clients, given by their positions."""
        return _without(argument, self.parameter, clients)

    def unflatten(
        self,
        outputs: Mapping[str, Array],
        answers: Mapping[str, Any] | None = None,
        kept: Sequence[Mapping[str, Any]] = (),
    ) -> object:
        """The result in the containers and element types that TFF would return.

        Args:
            outputs: By path of the output its value.
            answers: The server's other results: see ``Arguments``.
            kept: Those that clients keep, for each client of the round: see ``Arguments``.
        """
        result = _rebuild(self.result, self.result_path, outputs, answers or {}, kept)
        return type_conversions.type_to_py_container(result, self.result)


def _input_paths(type_: Any, path: str) -> Iterator[str]:
    """Of the tensors in a type that a secure program can take: data sets and strings are none."""
    if isinstance(type_, tff.StructType):
        for _, element, inner in elements_of(type_, path):
            yield from _input_paths(element, inner)
        return
    with suppress(Unsupported):
        yield tensor_leaf(type_, path, Placement.CLIENTS).path


class _Flattening:
    """Collects the arrays of one argument."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._sized_by = ""
        self.clients: int | None = None
        self.values: dict[str, Array | list[Array | InputError]] = {}

    def placed(self, value: object, type_: Any, path: str) -> None:
        """Walks down to the federated values."""
        if isinstance(type_, tff.FederatedType) and type_.placement is tff.CLIENTS and not type_.all_equal:
            self._clients(value, type_.member, path)
        elif isinstance(type_, tff.FederatedType):
            self._server(value, type_.member, path)
        elif isinstance(type_, tff.StructType):
            parts = elements_of(type_, path)
            elements = elements_of_value(value, [name for name, _, _ in parts], self._where(path))
            for element, (_, inner, inner_path) in zip(elements, parts, strict=True):
                self.placed(element, inner, inner_path)
        else:
            self._server(value, type_, path)

    def _server(self, value: object, member: Any, path: str) -> None:
        for leaf_path, array in _arrays(value, member, path, f"{self._name}: "):
            self.values[leaf_path] = array

    def _clients(self, value: object, member: Any, path: str) -> None:
        where = self._where(path)
        if not isinstance(value, list | tuple):
            kind = "nothing" if value is None else f"a {type(value).__name__}"
            raise InputError(f"{where}: expected a list with one value per client, not {kind}")
        if self.clients not in (None, len(value)):
            raise InputError(f"{where} has {len(value)} clients, but {self._sized_by} has {self.clients}")
        self.clients, self._sized_by = len(value), where
        columns: dict[str, list[Array | InputError]] = {leaf_path: [] for leaf_path in _input_paths(member, path)}
        for one in value:
            row: dict[str, Array | InputError]
            try:
                row = dict(_arrays(one, member, path))
            except InputError as e:
                row = dict.fromkeys(columns, e)
            for leaf_path, column in columns.items():
                column.append(row[leaf_path])
        self.values.update(columns)

    def _where(self, path: str) -> str:
        return f"{self._name}: parameter {path!r}" if path else self._name


def _arrays(value: object, type_: Any, path: str, program: str = "") -> list[tuple[str, Array]]:
    where = f"{program}parameter {path!r}"
    if isinstance(type_, tff.StructType):
        parts = elements_of(type_, path)
        elements = elements_of_value(value, [name for name, _, _ in parts], where)
        return [
            pair
            for element, (_, inner, inner_path) in zip(elements, parts, strict=True)
            for pair in _arrays(element, inner, inner_path, program)
        ]
    try:
        leaf = tensor_leaf(type_, path, Placement.SERVER)
    except Unsupported:
        return []  # a data set or a string, which is no input of the secure program
    return [(path, as_array(value, leaf.shape, leaf.dtype, where))]


def _placed(value: Any, type_: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(type_, tff.StructType):
        parts = elements_of(type_, path)
        elements = elements_of_value(value, [name for name, _, _ in parts], "the argument")
        for one, (_, inner, inner_path) in zip(elements, parts, strict=True):
            yield from _placed(one, inner, inner_path)
    else:
        yield path, value


def _usable(value: Any, client: int) -> Any:
    if isinstance(value, InputError):
        raise InputError(f"client {client}: {value}")
    return value


def _without(value: Any, type_: Any, clients: Collection[int]) -> Any:
    if isinstance(type_, tff.FederatedType):
        differs = type_.placement is tff.CLIENTS and not type_.all_equal
        return [one for index, one in enumerate(value) if index not in clients] if differs else value
    if isinstance(type_, tff.StructType):
        names = [name for name, _ in tff.structure.to_elements(type_)]
        types = [t for _, t in tff.structure.to_elements(type_)]
        elements = elements_of_value(value, names, "the argument")
        return tff.structure.Struct(
            (name, _without(element, t, clients)) for name, element, t in zip(names, elements, types, strict=True)
        )
    return value


def _rebuild(
    type_: Any,
    path: str,
    outputs: Mapping[str, Array],
    answers: Mapping[str, Any],
    kept: Sequence[Mapping[str, Any]],
) -> Any:
    if isinstance(type_, tff.FederatedType) and type_.placement is tff.CLIENTS and not type_.all_equal:
        return [_rebuild(type_.member, path, outputs, {**answers, **own}, ()) for own in kept]
    if isinstance(type_, tff.FederatedType):
        return _rebuild(type_.member, path, outputs, answers, kept)
    if isinstance(type_, tff.StructType):
        parts = elements_of(type_, path)
        return tff.structure.Struct((name, _rebuild(t, inner, outputs, answers, kept)) for name, t, inner in parts)
    if path in answers:
        return answers[path]
    return with_dtype(np.asarray(outputs[path]), np.dtype(type_.dtype))
