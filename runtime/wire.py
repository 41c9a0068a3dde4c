"""Messages between the driver and a server process: a JSON header and raw arrays (no pickled objects)."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH = struct.Struct("<Q")
MAX_HEADER = 1 << 24
SMALL = 1 << 12
"""Arrays below this many elements are copied rather than viewed (empty and scalar ones cannot be viewed)."""


@dataclass(frozen=True, repr=False)
class Message:
    """A header and arrays; the arrays may be shares and are never printed."""

    header: dict[str, Any]
    arrays: Sequence[NDArray[Any]] = ()

    def __repr__(self) -> str:
        return f"Message({self.header.get('do', 'reply')}, {len(self.arrays)} arrays)"


class ClosedError(Exception):
    """The other end has closed the connection."""


def send(connection: socket.socket, message: Message) -> None:
    """Sends a message whole."""
    arrays = [np.asarray(a, order="C") for a in message.arrays]
    described = [{"dtype": a.dtype.str, "shape": list(a.shape)} for a in arrays]
    header = json.dumps({**message.header, "arrays": described}).encode()
    connection.sendall(LENGTH.pack(len(header)) + header)
    for array in arrays:
        connection.sendall(array.tobytes() if array.size < SMALL else array.reshape(-1).view(np.uint8).data)


def receive(connection: socket.socket) -> Message:
    """Receives a message whole; raises ClosedError at the end of the stream."""
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    if length > MAX_HEADER:
        raise ClosedError(f"a header of {length} bytes is no message of ours")
    header = json.loads(_exactly(connection, length))
    arrays = []
    for described in header.pop("arrays"):
        array = np.empty(described["shape"], dtype=np.dtype(described["dtype"]))
        if array.size:
            _fill(connection, array.reshape(-1).view(np.uint8).data)
        arrays.append(array)
    return Message(header, arrays)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    _fill(connection, memoryview(data))
    return bytes(data)


def _fill(connection: socket.socket, target: memoryview) -> None:
    while target:
        count = connection.recv_into(target)
        if not count:
            raise ClosedError("the other end has closed the connection")
        target = target[count:]
