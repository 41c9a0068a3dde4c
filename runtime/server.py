"""A server process: ``python -m ezprivsecfl.runtime.server PARTY FD``.

It takes orders from the driver over an inherited Unix socket and talks to the other server over TCP. It imports neither
TensorFlow nor TensorFlow Federated.
"""

from __future__ import annotations

import resource
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ezprivsecfl.errors import EzError, IncompleteRound
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.program import ServerProgram
from ezprivsecfl.runtime.statistics import peak_memory_bytes
from ezprivsecfl.runtime.wire import ClosedError, Message, receive, send

Reply = tuple[dict[str, Any], list[Any]]


class Server:
    """Carries out the driver's orders.

    Args:
        party: 0 (the garbler) or 1 (the evaluator).
    """

    def __init__(self, party: int) -> None:
        self.party = party
        self.programs: dict[str, ServerProgram] = {}
        self.listeners: dict[str, Any] = {}
        self.orders: dict[str, Callable[[Message], Reply]] = {
            "load": self.load,
            "listen": self.listen,
            "meet": self.meet,
            "measure": self.measure,
            "setup": self.setup,
            "round": self.round,
            "upload": self.upload,
            "run": self.run,
        }

    def load(self, message: Message) -> Reply:
        """Loads an artefact from a folder."""
        self.programs[message.header["program"]] = ServerProgram.load(Path(message.header["folder"]), self.party)
        return {}, []

    def listen(self, message: Message) -> Reply:
        """Opens the port that the other server will connect to."""
        listener = _duet.Listener(message.header["host"], message.header["port"])
        self.listeners[message.header["program"]] = listener
        return {"port": listener.port}, []

    def meet(self, message: Message) -> Reply:
        """Connects with the other server; both check that they run the same program."""
        program = self.programs[message.header["program"]]
        program.session = self._connected(message.header, program.program_hash)
        return {}, []

    def measure(self, message: Message) -> Reply:
        """Measures how fast the connection is, over one of its own."""
        session = self._connected(message.header, bytes(32))
        try:
            bytes_per_second, round_trip_seconds = session.measure_link()
        finally:
            session.close()
        return {"bytes_per_second": bytes_per_second, "round_trip_seconds": round_trip_seconds}, []

    def _connected(self, h: dict[str, Any], program_hash: bytes) -> _duet.Session:
        terms = (self.party, program_hash, h["configuration"])
        link = tuple(h["link"]) if h.get("link") else None
        setting = {"timeout": h["timeout"], "idle_timeout": h["timeout"], "link": link}
        if h["program"] in self.listeners:
            listener: _duet.Listener = self.listeners.pop(h["program"])
            return listener.accept(*terms, **setting)
        return _duet.connect(h["host"], h["port"], *terms, **setting)

    def setup(self, message: Message) -> Reply:
        """Runs the setup phase ahead of a round."""
        self.programs[message.header["program"]].setup(message.header["clients"])
        return {}, []

    def round(self, message: Message) -> Reply:
        """Says for which round clients are to upload something."""
        return {"round": self.programs[message.header["program"]].round_id.hex()}, []

    def upload(self, message: Message) -> Reply:
        """Takes in what one client, or a third party, uploads to this server; others are not affected."""
        program = self.programs[message.header["program"]]
        client: Any = message.header.get("client")
        if message.skipped:
            inbox, number = program.inbox_of(client)
            inbox.refuse(number, f"it has uploaded {message.skipped} bytes instead of {inbox.client_bytes}")
        else:
            program.upload(client, message.header.get("round"), message.arrays)
        return {}, []

    def limit(self, header: dict[str, Any]) -> int | None:
        """How many bytes of arrays a message may bring: an upload no more than one client's."""
        if header.get("do") != "upload":
            return None
        program = self.programs.get(str(header.get("program")))
        return 0 if program is None else program.inbox_of(header.get("client"))[0].client_bytes

    def run(self, message: Message) -> Reply:
        """Runs a round on what was uploaded."""
        program = self.programs[message.header["program"]]
        server = dict(zip(message.header["server"], message.arrays, strict=True))
        try:
            outputs, complete = program.run(server, message.header["clients"]), True
        except IncompleteRound:
            outputs, complete = {}, False
        header = {
            "complete": complete,
            "paths": list(outputs),
            "magnitudes": program.magnitudes,
            "kept": list(program.kept),
            "refused": [[client, why] for client, why in program.refused.items()],
            "invalid": [[client, why] for client, why in program.invalid.items()],
            "opened": program.opened,
            "stats": program.stats,
            "peak_memory_bytes": peak_memory_bytes(),
        }
        return header, [np.asarray(v) for v in outputs.values()]

    def serve(self, control: socket.socket) -> None:
        """Answers orders until the driver goes away."""
        while True:
            try:
                message = receive(control, self.limit)
            except ClosedError:
                return
            try:
                header, arrays = self.orders[message.header["do"]](message)
            except Exception as e:
                header, arrays = self.failure(message, e), []
            if message.header["do"] != "upload":
                send(control, Message(header, arrays))

    def failure(self, message: Message, error: Exception) -> dict[str, Any]:
        """Hangs up, so that the other server notices at once, and describes the error."""
        program = self.programs.get(message.header.get("program", ""))
        if program is not None and program.session is not None:
            program.session.close()
            program.session = None
        if isinstance(error, EzError | _duet.Error):
            return {"error": type(error).__name__, "message": str(error)}
        print("".join(traceback.format_exception(error)), file=sys.stderr, flush=True)
        return {"error": "ServerError", "message": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Connects to the driver and serves it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold shares and keys
    party, descriptor = int(sys.argv[1]), int(sys.argv[2])
    with socket.socket(fileno=descriptor) as control:
        control.set_inheritable(False)
        send(control, Message({"party": party}))
        Server(party).serve(control)


if __name__ == "__main__":
    main()
