"""Where server 1 keeps what clients have uploaded: in a file, so that memory does not grow with their number."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 8


class UploadStore:
    """A file without a name in the server's own folder: it vanishes with the server, and its space with the round.

    Attributes:
        descriptor: Of the open file.
    """

    def __init__(self) -> None:
        self.descriptor, path = tempfile.mkstemp(dir=os.getcwd(), prefix="uploads-")
        os.unlink(path)
        weakref.finalize(self, os.close, self.descriptor)
        self._end = 0

    def put(self, arrays: Sequence[NDArray[Any]]) -> int:
        """Adds arrays, one after the other without gaps, and returns where they begin.

        Raises:
            OSError: There is no more space.
        """
        begin = self._end
        end = begin
        for array in arrays:
            data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
            while data:
                written = os.pwrite(self.descriptor, data, end)
                data, end = data[written:], end + written
        self._end = -(-end // ALIGNMENT) * ALIGNMENT
        return begin

    def clear(self) -> None:
        """Forgets everything."""
        os.ftruncate(self.descriptor, 0)
        self._end = 0
