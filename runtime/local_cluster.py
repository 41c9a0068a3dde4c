"""Two server processes on this machine, started on first use and kept alive."""

from __future__ import annotations

import atexit
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ezprivsecfl import errors
from ezprivsecfl.errors import EzError, RunError
from ezprivsecfl.runtime.wire import ClosedError, Message, receive, send

START_SECONDS = 60.0
GRACE_SECONDS = 10.0
"""How long the other server has to reply after one has, beside the time that servers wait for each other."""
STOP_SECONDS = 2.0
"""How long both servers have to end by themselves before they are killed."""


class ServerEndedError(RunError):
    """A server process ended in the middle of its work."""


@dataclass
class _Process:
    """One server process and the driver's connection to it."""

    party: int
    process: subprocess.Popen[bytes]
    log: Path
    control: socket.socket

    def ending(self) -> str:
        """How the process ended."""
        code = self.process.poll()
        if code is None:
            return "closed its connection"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"


class LocalCluster:
    """A ``Cluster`` of child processes; a new start follows by itself after one has died.

    Args:
        timeout: Seconds that a server waits for the other before it gives up.
    """

    host = "127.0.0.1"

    def __init__(self, timeout: float = 60.0) -> None:
        self.timeout = timeout
        self.generation = 0
        self.lock = threading.RLock()
        self._folder: Path | None = None
        self._processes: list[_Process] = []
        self._undone: Callable[[], None] | None = None
        atexit.register(self.stop)

    def start(self) -> None:
        """Starts both processes if they are not running."""
        if self._processes and all(p.process.poll() is None for p in self._processes):
            return
        self.stop()  # what is left when one has died between two rounds: nothing is lost by starting anew
        self.generation += 1
        self._folder = Path(tempfile.mkdtemp(prefix="ezprivsecfl-"))
        try:
            for party in (0, 1):
                self._processes.append(self._spawn(party, self._folder))
            self._await_start()
        except BaseException:
            self.stop()
            raise

    def _spawn(self, party: int, folder: Path) -> _Process:
        log = folder / f"server{party}.log"
        # A socket pair, not a path: nobody else can connect to it, and a long $TMPDIR does no harm.
        ours, theirs = socket.socketpair()
        with theirs, log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "ezprivsecfl.runtime.server", str(party), str(theirs.fileno())],
                cwd=folder,  # `-m` looks for modules here first: not among the user's files (a random.py, say)
                pass_fds=[theirs.fileno()],
                # MOTION2NX's OpenMP threads would otherwise spin while they wait.
                env=os.environ | {"OMP_WAIT_POLICY": "passive"},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # an interrupt from the keyboard is for the driver, which then stops them
            )
        return _Process(party, process, log, ours)

    def _await_start(self) -> None:
        """Waits for both servers' greetings."""
        deadline = time.monotonic() + START_SECONDS
        for p in self._processes:
            readable, _, _ = select.select([p.control], [], [], max(0.0, deadline - time.monotonic()))
            if not readable:
                raise RunError(f"the servers did not start within {START_SECONDS:g} s")
            try:
                receive(p.control)
            except (ClosedError, OSError):
                with suppress(subprocess.TimeoutExpired):
                    p.process.wait(1.0)
                raise RunError(f"server {p.party} did not start: {p.ending()}\n{_tail(p.log)}") from None

    @property
    def pids(self) -> list[int]:
        """Process ids of both servers (empty if they are not running)."""
        return [p.process.pid for p in self._processes]

    def tell(self, party: int, message: Message) -> None:
        """Sends something that has no reply."""
        try:
            send(self._processes[party].control, message)
        except OSError:
            raise self._ended(party, {}) from None
        except BaseException:  # an interrupt: half a message may be on its way
            self.stop()
            raise

    def post(self, messages: Sequence[Message], undone: Callable[[], None]) -> None:
        """Sends one order to each server and does not wait: they carry it out while the driver does something else.

        Args:
            messages: The orders.
            undone: Called later, before the next order, if a server reports an error.
        """
        self.settle()
        for party, message in enumerate(messages):
            self.tell(party, message)
        self._undone = undone

    def settle(self) -> None:
        """Waits until what was posted is done. If it failed, nothing is lost: it is done when it is needed."""
        undone, self._undone = self._undone, None
        if undone is None:
            return
        try:
            self._raise_reported(self._replies(len(self._processes)))
        except ServerEndedError:
            return  # both have been stopped, and everything starts anew
        except EzError:
            undone()
        except BaseException:  # an interrupt
            self.stop()
            raise

    def ask(self, messages: Sequence[Message]) -> list[Message]:
        """Sends one message to each server and waits for both replies.

        Raises:
            ServerEndedError: A server died; both are stopped, and started anew on next use.
            RunError: A server reports an error.
            EzError: The typed error that a server reports.
        """
        try:
            replies = self._exchange(messages)
        except EzError:
            raise
        except BaseException:  # an interrupt: what the servers are doing is no longer known
            self.stop()
            raise
        self._raise_reported(replies)
        return [replies[party] for party in range(len(messages))]

    def _exchange(self, messages: Sequence[Message]) -> dict[int, Message]:
        """Sends and waits."""
        self.settle()
        for party, message in enumerate(messages):
            self.tell(party, message)
        return self._replies(len(messages))

    def _replies(self, count: int) -> dict[int, Message]:
        """Waits for the replies of the first servers; after one's the other, which may hang, has a limited time."""
        replies: dict[int, Message] = {}
        deadline: float | None = None
        controls = {p.control: p.party for p in self._processes}
        while len(replies) < count:
            waiting = [c for c, party in controls.items() if party not in replies and party < count]
            patience = None if deadline is None else max(0.0, deadline - time.monotonic())
            readable, _, _ = select.select(waiting, [], [], patience)
            if not readable:
                raise self._ended(next(p for p in controls.values() if p not in replies), replies)
            for control in readable:
                party = controls[control]
                try:
                    replies[party] = receive(control)
                except (ClosedError, OSError):
                    raise self._ended(party, replies) from None
                if deadline is None:
                    deadline = time.monotonic() + GRACE_SECONDS + self.timeout
        return replies

    def _raise_reported(self, replies: dict[int, Message]) -> None:
        """Raises the most telling of the reported errors: one of a type of ours, before "the peer is gone"."""
        failed = {party: r.header for party, r in replies.items() if "error" in r.header}
        if not failed:
            return
        party, header = min(failed.items(), key=lambda item: item[1]["error"] in ("PeerError", "TimeoutError"))
        kind = getattr(errors, header["error"], None)
        if isinstance(kind, type) and issubclass(kind, EzError):
            raise kind(header["message"])
        log = _tail(self._processes[party].log) if header["error"] == "ServerError" else ""
        note = "The servers are still running; the next round starts with a new connection."
        raise RunError(f"server {party} reports {header['error']}: {header['message']}\n{note}{log}")

    def _ended(self, party: int, replies: dict[int, Message]) -> ServerEndedError:
        """Stops everything and says what happened."""
        ended = self._processes[party]
        with suppress(subprocess.TimeoutExpired):
            ended.process.wait(1.0)
        how, tail = ended.ending(), _tail(ended.log)
        self.stop()
        return ServerEndedError(
            f"server {party} {how} during the round, which is lost. Both servers have been stopped; the next round "
            f"starts new ones.{tail}"
        )

    def stop(self) -> None:
        """Ends both processes and removes their files."""
        for p in self._processes:
            p.control.close()
            if self._undone is not None:
                p.process.kill()  # what it works on is not needed any more
        self._undone = None
        deadline = time.monotonic() + STOP_SECONDS
        for p in self._processes:
            try:
                p.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                p.process.kill()
                p.process.wait()
        self._processes = []
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _tail(log: Path, lines: int = 15) -> str:
    """The end of a server's log, indented."""
    try:
        text = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return ""
    return "".join(f"\n    {line}" for line in text)
