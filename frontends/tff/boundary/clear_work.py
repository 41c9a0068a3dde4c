"""What is computed in the clear before and after a round's secure part, by TFF itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow_federated as tff

from ezprivsecfl.errors import InputError, Location, RunError
from ezprivsecfl.frontends.tff.conversion import with_dtype
from ezprivsecfl.frontends.tff.reference import reference_context
from ezprivsecfl.ir.op import Array


@dataclass(frozen=True)
class Crossing:
    """A tensor that crosses the boundary.

    Args:
        path: The input of the secure program that it becomes, or the output that it comes from.
        shape: Its shape, at one client.
        dtype: The element type, as TensorFlow calls it.
        location: The operation that it comes out of; of an opened one, the operation that takes it.
        drawn: Whether a client draws it of a distribution that is its secret: what leads there is left to that client.
        secret: Whether it is computed of what clients have uploaded.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    location: Location
    drawn: bool = False
    secret: bool = True

    def __str__(self) -> str:
        text = f"{self.path} {self.dtype}{list(self.shape) if self.shape else ''}, of {self.location}"
        return f"{text}: drawn by the client, to whom what leads there is left" if self.drawn else text


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
    results: tuple[Crossing, ...] = ()

    def run(self, values: Sequence[Any]) -> list[Any]:
        """The results, for the values of the parameters and of what it receives."""
        type_ = self.computation.type_signature.parameter
        argument = None if type_ is None else tff.structure.Struct((None, value) for value in values)
        return list(reference_context().invoke(self.computation, argument))


@dataclass(frozen=True)
class AfterWork:
    """What the server computes of opened aggregates, since it cannot be computed on shares.

    Args:
        site: Takes what the server has computed before, then what is opened.
        opened: What is opened for it.
        answers: The paths of the results of the whole program that it gives.
    """

    site: Site
    opened: tuple[Crossing, ...]
    answers: tuple[str, ...]

    def run(self, name: str, handed: Sequence[Any], outputs: Mapping[str, Array]) -> dict[str, Any]:
        """Results of the whole program by path, as TFF returns them.

        Args:
            name: The program's name, for errors.
            handed: What the server has computed before.
            outputs: By path the outputs of the secure program.

        Raises:
            RunError: It fails.
        """
        opened = [with_dtype(outputs[one.path], np.dtype(one.dtype)) for one in self.opened]
        try:
            return dict(zip(self.answers, self.site.run([*handed, *opened]), strict=True))
        except Exception as e:  # whatever the program itself raises there
            why = str(e).strip().partition("\n")[0]
            text = f"{name}: the server's own work after the opening ({lines_text(self.site.lines)}) failed"
            raise RunError(f"{text}: {type(e).__name__}: {why}") from e

    def explained(self) -> list[str]:
        """What is opened for it, and which lines it runs."""
        return [
            *(f"Opened for the server's own work: {one}" for one in self.opened if one.secret),
            f"In the clear, at the server, after that: {lines_text(self.site.lines)}",
            *(f"The server returns {path}, which it computes of what is opened" for path in self.answers),
        ]


@dataclass(frozen=True)
class Ready:
    """What is computed in the clear before a round's secure part.

    Args:
        values: By path of the secure program's input, from the server an array, from the clients a list with one array
            each; where a client's own work fails, the reason stands for its values.
        answers: The server's results of the whole program, by path, as TFF returns them.
        kept: Those that clients keep, by path a list with one for each client.
        handed: What the server keeps for its work after the opening.
    """

    values: dict[str, Any]
    answers: dict[str, Any]
    kept: dict[str, list[Any]]
    handed: tuple[Any, ...] = ()


@dataclass(frozen=True)
class ClearWork:
    """What the server computes first, and then every client for itself; and the server in the end.

    Args:
        at_server: The server's part: what it computes of its own data sets, then what it broadcasts.
        at_client: A client's part: what it uploads.
        answers: The paths of results of the whole program that the server computes, after those of its part.
        received: What a client is given, one description each.
        kept: The paths of results that every client computes for itself and keeps, after those of its part.
        handed: How many of the server's results are for its work after the opening; they come after the answers.
        after: That work; None if there is none.
    """

    at_server: Site
    at_client: Site
    answers: tuple[str, ...]
    received: tuple[str, ...]
    kept: tuple[str, ...] = ()
    handed: int = 0
    after: AfterWork | None = None

    def run(self, arguments: Mapping[str, Any], clients: int) -> Ready:
        """The values of the secure program's inputs that come from here, and results of the whole program.

        Args:
            arguments: By path of the parameter what the program was called with.
            clients: How many clients there are.
        """
        at_server = self.at_server.run([arguments[path] for path in self.at_server.parameters])
        ready = len(self.at_server.results)
        answered = ready + len(self.answers)
        sent = answered + self.handed
        exported = zip(self.at_server.results, at_server[:ready], strict=True)
        values: dict[str, Any] = {upload.path: np.asarray(value) for upload, value in exported}
        rows = [self._client(arguments, at_server[sent:], index) for index in range(clients)]
        for i, upload in enumerate(self.at_client.results):
            values[upload.path] = [row[i] for row in rows]
        answers = dict(zip(self.answers, at_server[ready:answered], strict=True))
        kept = {path: [row[i] for row in rows] for i, path in enumerate(self.kept, len(self.at_client.results))}
        return Ready(values, answers, kept, tuple(at_server[answered:sent]))

    def _client(self, arguments: Mapping[str, Any], received: Sequence[Any], index: int) -> Sequence[Any]:
        own = [arguments[path][index] for path in self.at_client.parameters]
        uploaded = len(self.at_client.results)
        try:
            results = self.at_client.run([*own, *received])
            return [*(np.asarray(value) for value in results[:uploaded]), *results[uploaded:]]
        except Exception as e:  # what a client's own program or data raises must not end the round of the others
            why = str(e).strip().partition("\n")[0]
            error = InputError(f"its own work failed: {type(e).__name__}: {why}")
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
