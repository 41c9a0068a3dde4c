"""Who knows a SERVER-placed input that is not public."""

from __future__ import annotations

from ezprivsecfl.ir.text_enum import TextEnum


class Owner(TextEnum):
    """The only one who knows a private input of the server; the two servers compute on shares of it."""

    SERVER_0 = "server0"
    SERVER_1 = "server1"
    THIRD_PARTY = "shared"
    """Neither server: whoever has it shares it between them, as a client does with its values."""

    @property
    def party(self) -> int | None:
        """The number of the server that it is; None if it is none."""
        return {Owner.SERVER_0: 0, Owner.SERVER_1: 1}.get(self)

    @property
    def in_words(self) -> str:
        """For people."""
        return "a third party" if self.party is None else f"server {self.party}"
