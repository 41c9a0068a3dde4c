"""Whoever connects instead of the other server: a typed error, within a time that does not depend on the stranger."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress

import pytest

from ezprivsecfl.runtime import _duet

IDLE = 0.4
HEADER = struct.Struct("<HHIQ")
MAGIC, PART, LAST = 0x5544, 1, 2


def frame(payload: bytes, kind: int = LAST, number: int = 0) -> bytes:
    return HEADER.pack(MAGIC, kind, len(payload), number) + payload


def text(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def version() -> bytes:
    """The protocol version, as this engine sends it."""
    listener, seen = socket.create_server(("127.0.0.1", 0)), []

    def peer():
        with suppress(_duet.Error):
            _duet.connect("127.0.0.1", listener.getsockname()[1], 1, bytes(32), idle_timeout=IDLE)

    thread = threading.Thread(target=peer)
    thread.start()
    with listener, listener.accept()[0] as connection:
        seen.append(connection.recv(1 << 16))
    thread.join()
    return seen[0][HEADER.size : HEADER.size + 4]


def endless_parts():
    number = 0
    while True:
        yield frame(b"", PART, number)
        number += 1


def single_bytes(data: bytes):
    for i in range(len(data)):
        yield data[i : i + 1]
        time.sleep(0.75 * IDLE)


@pytest.mark.parametrize(
    ("sends", "kind", "message"),
    [
        (lambda: [frame(version() + text(b"0.1\xff"))], _duet.ProtocolError, "text is not UTF-8"),
        (lambda: [frame(version() + text(b"\xed\xa0\x80"))], _duet.ProtocolError, "text is not UTF-8"),
        (lambda: [frame(version() + text("größe".encode()))], _duet.MismatchError, "'größe' at the peer"),
        (lambda: [frame(version() + struct.pack("<I", 0xFFFFFFFF))], _duet.ProtocolError, "too short"),
        (lambda: [frame(b"")], _duet.ProtocolError, "too short"),
        (endless_parts, _duet.ProtocolError, "a part of 0 bytes that is not the last"),
        (lambda: [HEADER.pack(MAGIC, PART, 1 << 20, 0)], _duet.ProtocolError, "longer than"),
        (lambda: [b"GET / HTTP/1.1\r\n\r\n"], _duet.ProtocolError, "does not speak the Duet protocol"),
        (lambda: single_bytes(frame(bytes(200))), _duet.TimeoutError, "too slow"),
        (lambda: [frame(bytes(200))[:-1]], _duet.TimeoutError, "silent"),
        (lambda: [], _duet.TimeoutError, "silent"),
    ],
)
def test_a_stranger_is_refused_in_time(sends, kind, message):
    listener, done = _duet.Listener("127.0.0.1", 0), threading.Event()

    def stranger():
        with suppress(OSError), socket.create_connection(("127.0.0.1", listener.port)) as connection:
            for piece in sends():
                connection.sendall(piece)
            done.wait(10)

    thread = threading.Thread(target=stranger)
    thread.start()
    started = time.monotonic()
    with pytest.raises(kind, match=message):
        listener.accept(0, bytes(32), timeout=5.0, idle_timeout=IDLE)
    assert time.monotonic() - started < 5
    done.set()
    thread.join(15)
