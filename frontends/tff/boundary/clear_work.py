"""What is computed in the clear before a round's secure part, by TFF itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.errors import InputError, Location
from ezprivsecfl.frontends.tff.reference import reference_context


@dataclass(frozen=True)
class Upload:
    """A tensor that crosses the boundary.

    Args:
        path: The input of the secure program that it becomes.
        shape: Its shape, at one client.
        dtype: The element type, as TensorFlow calls it.
        location: The operation that it comes out of.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    location: Location

    def __str__(self) -> str:
        return f"{self.path} {self.dtype}{list(self.shape) if self.shape else ''}, of {self.location}"


@dataclass(frozen=True)
class Site:
    """What one party computes.

    Args:
        names: What its steps refer to.
        parameters: The program's parameters that it takes, by path.
        computation: A ``tff.Computation`` from these, and at a client from what it receives, to the results.
        lines: The lines of the user's program that it runs.
        results: What becomes of the first results.
    """

    names: frozenset[str]
    parameters: tuple[str, ...]
    computation: Any
    lines: tuple[Location, ...]
    results: tuple[Upload, ...] = ()

    def run(self, values: Sequence[Any]) -> list[Any]:
        """The results, for the values of the parameters and of what it receives."""
        type_ = self.computation.type_signature.parameter
        argument = None if type_ is None else tff.structure.Struct((None, value) for value in values)
        return list(reference_context().invoke(self.computation, argument))


@dataclass(frozen=True)
class ClearWork:
    """What the server computes first, and then every client for itself.

    Args:
        at_server: The server's part: what it computes of its own data sets, then what it broadcasts.
        at_client: A client's part: what it uploads.
        answers: The paths of results of the whole program that the server computes, after those of its part.
        received: What a client is given, one description each.
        kept: The paths of results that every client computes for itself and keeps, after those of its part.
    """

    at_server: Site
    at_client: Site
    answers: tuple[str, ...]
    received: tuple[str, ...]
    kept: tuple[str, ...] = ()

    def run(
        self, name: str, arguments: Mapping[str, Any], clients: int
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, list[Any]]]:
        """The values of the secure program's inputs that come from here, and results of the whole program.

        Args:
            name: The program's name, for errors.
            arguments: By path of the parameter what the program was called with.
            clients: How many clients there are.

        Returns:
            By path, from the server an array, from the clients a list with one array each; where a client's own work
            fails, the reason stands for its values. The server's results by path, and those that clients keep, a list
            with one for each, are as TFF returns them.
        """
        at_server = self.at_server.run([arguments[path] for path in self.at_server.parameters])
        ready = len(self.at_server.results)
        sent = ready + len(self.answers)
        exported = zip(self.at_server.results, at_server[:ready], strict=True)
        values: dict[str, Any] = {upload.path: np.asarray(value) for upload, value in exported}
        rows = [self._client(name, arguments, at_server[sent:], index) for index in range(clients)]
        for i, upload in enumerate(self.at_client.results):
            values[upload.path] = [row[i] for row in rows]
        answers = dict(zip(self.answers, at_server[ready:sent], strict=True))
        kept = {path: [row[i] for row in rows] for i, path in enumerate(self.kept, len(self.at_client.results))}
        return values, answers, kept

    def _client(self, name: str, arguments: Mapping[str, Any], received: Sequence[Any], index: int) -> Sequence[Any]:
        own = [arguments[path][index] for path in self.at_client.parameters]
        uploaded = len(self.at_client.results)
        try:
            results = self.at_client.run([*own, *received])
            return [*(np.asarray(value) for value in results[:uploaded]), *results[uploaded:]]
        except Exception as e:  # what a client's own program or data raises must not end the round of the others
            why = str(e).strip().partition("\n")[0]
            error = InputError(f"{name}: the own work of client {index} failed: {type(e).__name__}: {why}")
            return [error] * (uploaded + len(self.kept))

    def explained(self) -> list[str]:
        """What is run in the clear, where, and what crosses the boundary."""
        return [
            *([f"In the clear, at the server: {lines_text(self.at_server.lines)}"] if self.at_server.lines else []),
            *(f"The server puts in {upload}" for upload in self.at_server.results),
            *(f"The server returns {path}, which depends on no client" for path in self.answers),
            *(f"Each client is given {what}" for what in self.received),
            *([f"In the clear, at each client: {lines_text(self.at_client.lines)}"] if self.at_client.lines else []),
            *(f"Each client uploads, in shares, {upload}" for upload in self.at_client.results),
            *(f"Each client keeps {path}, which it uploads to nobody" for path in self.kept),
        ]


def lines_text(lines: Iterable[Location]) -> str:
    """Lines of the user's program, file by file."""
    files: dict[str, set[int]] = {}
    for line in lines:
        files.setdefault(line.file, set()).add(line.line)
    return ", ".join(f"{file}:{', '.join(map(str, sorted(numbers)))}" for file, numbers in sorted(files.items()))
