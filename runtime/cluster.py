"""What runs programs needs of the two servers, wherever these are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ezprivsecfl.runtime.wire import Message


class Cluster(Protocol):
    """Two servers that take orders; ``LocalCluster`` starts them on this machine.

    Each server is a process that serves ``runtime.server.Server``'s orders over a connection of its own, on which
    messages are as in ``runtime.wire``. A cluster of remote servers must give, beside the methods:

    - *Separate, authenticated, confidential connections.* What clients upload goes through ``tell``, each part to one
      server: whoever sees both connections in the clear sees every client's values.
    - *Programs.* The order ``load`` names an artefact's folder on this machine. Each server reads it from a folder of
      its own, which must be built there: whose copies those are, and who vouches for them, is for the cluster to say.
      The two servers compare hashes of what they have loaded when they meet, so a wrong copy only fails the round.
    - *The servers' own connection.* Server 0 listens at ``host`` on a port of its choice, server 1 connects to it. It
      carries no authentication or encryption of its own, so it needs a network that provides both.
    - *Order.* A server carries out what it is sent one by one, in the order in which it was sent.
    """

    @property
    def timeout(self) -> float:
        """Seconds that a server waits for the other before it gives up."""

    @property
    def generation(self) -> int:
        """Grows whenever servers start anew, and know nothing of what they were told before."""

    @property
    def host(self) -> str:
        """The address at which server 1 reaches server 0."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Held for a round: orders and replies of two must not mix. The thread that holds it may take it again."""

    def start(self) -> None:
        """Returns once both servers take orders; raises RunError if they do not."""

    def tell(self, party: int, message: Message) -> None:
        """Sends something that has no reply; raises RunError if that server is gone."""

    def ask(self, messages: Sequence[Message]) -> list[Message]:
        """Sends one message to each server and waits for both replies.

        Raises:
            RunError: A server is gone, and both start anew on next use; or it reports an error that has no type here.
            EzError: The typed error that a server reports.
        """

    def post(self, messages: Sequence[Message], undone: Callable[[], None]) -> None:
        """Sends one order to each server and does not wait: they carry it out while the driver does something else.

        Args:
            messages: The orders.
            undone: Called later, before the next order, if a server reports an error.
        """

    def settle(self) -> None:
        """Waits until what was posted is done. If it failed, nothing is lost: it is done when it is needed."""
