"""Messages between the driver and a server process: a JSON header and raw arrays (no pickled objects)."""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH = struct.Struct("<Q")
MAX_HEADER = 1 << 24
AT_ONCE = 1 << 16
"""Bytes that memory is taken for ahead of their arrival: a length that is only claimed costs no more."""
SMALL = 1 << 12
"""Arrays below this many elements are copied rather than viewed (empty and scalar ones cannot be viewed)."""


@dataclass(frozen=True, repr=False)
class Message:
    """A header and arrays; the arrays may be shares and are never printed.

    Args:
        header: The order or reply.
        arrays: In the order that it says.
        skipped: Bytes of arrays that came with it and were not kept, because they were more than the receiver takes.
    """

    header: dict[str, Any]
    arrays: Sequence[NDArray[Any]] = ()
    skipped: int = 0

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


def receive(connection: socket.socket, limit: Callable[[dict[str, Any]], int | None] = lambda _: None) -> Message:
    """Receives a message whole.

    Args:
        connection: Where from.
        limit: From a header the largest number of bytes that its arrays may have; more are read, and thrown away.

    Raises:
        ClosedError: The stream has ended, or what comes is no message: where the next one begins is not known then.
    """
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    if length > MAX_HEADER:
        raise ClosedError(f"a header of {length} bytes is no message of ours")
    text = _exactly(connection, length)
    try:
        header = json.loads(text)
        described = [(_numbers(d["dtype"]), _shape(d["shape"])) for d in header.pop("arrays")]
        size = sum(dtype.itemsize * math.prod(shape) for dtype, shape in described)
        most = limit(header)
        refused = most is not None and size > most
        arrays = [] if refused else [np.empty(shape, dtype) for dtype, shape in described]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ClosedError("what has arrived is no message of ours") from None
    if refused:
        _skip(connection, size)
        return Message(header, (), size)
    for array in arrays:
        if array.size:
            _fill(connection, array.reshape(-1).view(np.uint8).data)
    return Message(header, arrays)


def _numbers(text: str) -> np.dtype[Any]:
    """An element type that is one of numbers, or of raw bytes as bfloat16 is sent."""
    dtype = np.dtype(str(text))
    if dtype.kind not in "biufV" or dtype.hasobject or not dtype.itemsize:
        raise ValueError("not an array of numbers")
    return dtype


def _shape(sizes: list[int]) -> tuple[int, ...]:
    if any(type(d) is not int or d < 0 for d in sizes):
        raise ValueError("not a shape")
    return tuple(sizes)


def _skip(connection: socket.socket, size: int) -> None:
    piece = memoryview(bytearray(min(size, AT_ONCE)))
    while size:
        part = piece[: min(size, len(piece))]
        _fill(connection, part)
        size -= len(part)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = bytearray(min(size - len(data), AT_ONCE))
        _fill(connection, memoryview(piece))
        data += piece
    return bytes(data)


def _fill(connection: socket.socket, target: memoryview) -> None:
    while target:
        count = connection.recv_into(target)
        if not count:
            raise ClosedError("the other end has closed the connection")
        target = target[count:]


def order(what: str, **fields: Any) -> Message:
    """An order to a server, without arrays."""
    return Message({"do": what, **fields})
