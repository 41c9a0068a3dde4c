"""What can be wrong about an experiment."""

from __future__ import annotations

from ezprivsecfl.errors import EzError


class DataError(EzError):
    """A data set cannot be read, or cannot be divided as asked."""


class ConfigError(EzError):
    """An experiment is not what can be run; the message has the file's line where there is a file."""
