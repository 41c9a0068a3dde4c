"""A server's side of what a third party shares: its upload, which both servers must have, and its proof."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ezprivsecfl.errors import InputError
from ezprivsecfl.ir.owners import Owner
from ezprivsecfl.runtime import _duet
from ezprivsecfl.runtime.participants import PROOF_FAILS, Inbox, agree, arrays_digest
from ezprivsecfl.runtime.proofs import plan_of

NUMBER = 0
"""Its own in its inbox, which is that of a program with one client."""


@dataclass(repr=False)
class ThirdParty:
    """What shares the inputs that no server knows.

    Args:
        inbox: Takes its upload, and nobody else's.
    """

    inbox: Inbox

    def shares(self, session: Any, context: bytes) -> dict[str, NDArray[np.uint64]]:
        """This server's shares of the upload, by path; both servers call this at the same time.

        Args:
            session: The connection.
            context: What the upload is bound to.

        Raises:
            InputError: There is no valid upload, and nobody else's can take its place.
        """
        mine, refused = self.inbox.close(1), dict(self.inbox.refused)
        why = None
        if not agree(session, 1, mine, 1):
            why = refused.get(NUMBER, "the other server has no complete, valid upload of it")
        elif not self._proved(session, context):
            why = PROOF_FAILS
        if why is not None:
            # Otherwise a bit that was altered between the servers would be the third party's fault.
            session.confirm_round(arrays_digest([np.array([NUMBER])]))
            paths = ", ".join(repr(s.path) for s in self.inbox.manifest.server if s.owner is Owner.THIRD_PARTY)
            raise InputError(
                f"{self.inbox.manifest.name}: the third party that shares {paths} cannot take part, and without it "
                f"there is no round: {why}"
            )
        plan = plan_of(self.inbox.manifest)
        if self.inbox.party == 0:
            everything = _duet.expand_upload(plan.layout, self.inbox.seed_of(NUMBER), context)
        else:
            descriptor, size = self.inbox.store.descriptor, 8 * plan.layout.entries
            everything = np.frombuffer(os.pread(descriptor, size, self.inbox.place(NUMBER)), np.uint64)
        parts = plan.parts(everything)
        return {s.path: parts[s.path].reshape(s.client_shape) for s in self.inbox.manifest.shares}

    def _proved(self, session: Any, context: bytes) -> bool:
        """Whether its proof holds, if there is anything to prove."""
        plan = plan_of(self.inbox.manifest)
        if not plan.has_statements:
            return True
        if self.inbox.party == 0:
            seeds = [(self.inbox.seed_of(NUMBER), context)]
            accepted, _ = _duet.check_seeds(session, plan.layout, seeds)
        else:
            places = [self.inbox.place(NUMBER)]
            accepted, _ = _duet.check_masked(session, plan.layout, self.inbox.store.descriptor, places)
        return bool(accepted[0])
